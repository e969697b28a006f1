import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { MediaError } from '../media-error.ts'
import type { MonoSink } from './mono-sink.ts'
import { targetRateHz } from './mono-sink.ts'

const channels = 2
const missing = 'AAC is decoded by ffmpeg, which is not installed here: send WAV, MP3, FLAC, Opus or Vorbis'

/**
 * Decodes packets of AAC with the `ffmpeg` of this machine, which sees no container: only frames with ADTS heads, on
 * its standard input, and no protocol but that pipe.
 * @throws MediaError when there is no ffmpeg, or it cannot decode them
 */
export async function decodeAac(
  packets: AsyncIterable<Uint8Array>,
  head: ReturnType<typeof adtsOf> | undefined,
  sink: MonoSink,
): Promise<void> {
  const input = ['-protocol_whitelist', 'pipe', '-threads', '1', '-f', 'aac', '-i', 'pipe:0']
  const output = ['-map', '0:a:0', '-ac', String(channels), '-ar', String(targetRateHz), '-f', 'f32le', 'pipe:1']
  const child = spawn('ffmpeg', ['-nostdin', '-hide_banner', '-loglevel', 'quiet', ...input, ...output], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', () => reject(new MediaError(missing)))
    child.once('exit', code => resolve(code ?? 1))
  })
  ended.catch(() => {
    // It is awaited below.
  })
  // A decoder that ends early closes its input.
  child.stdin.on('error', () => {})
  const feeding = feed()
  feeding.catch(() => child.kill('SIGKILL'))
  try {
    let rest = Buffer.alloc(0)
    for await (const piece of child.stdout as AsyncIterable<Buffer>) {
      const joined = Buffer.concat([rest, piece])
      const whole = joined.length - (joined.length % (4 * channels))
      sink.push({ channels: separate(joined.subarray(0, whole)), sampleRateHz: targetRateHz })
      rest = joined.subarray(whole)
    }
    const code = await ended
    await feeding
    if (code !== 0) throw new MediaError('the audio cannot be decoded')
  } finally {
    child.kill('SIGKILL')
  }

  async function feed(): Promise<void> {
    for await (const packet of packets) {
      if (child.stdin.destroyed) return
      if (head !== undefined) child.stdin.write(head(packet.byteLength))
      if (!child.stdin.write(packet)) await Promise.race([once(child.stdin, 'drain'), ended])
    }
    child.stdin.end()
  }
}

function separate(interleaved: Buffer): Float32Array[] {
  const frames = interleaved.length / (4 * channels)
  return Array.from({ length: channels }, (_, channel) =>
    Float32Array.from({ length: frames }, (__, frame) => interleaved.readFloatLE((frame * channels + channel) * 4)),
  )
}

/**
 * Makes the head that a frame of AAC has outside of a container, from the configuration that its container has.
 * Spectral band replication is found by the decoder itself.
 * @source ISO/IEC 14496-3, 1.6.2.1 (AudioSpecificConfig) and 1.A.2.2 (ADTS)
 */
export function adtsOf(config: Uint8Array): (packetBytes: number) => Uint8Array {
  const bits = [...config].map(byte => byte.toString(2).padStart(8, '0')).join('')
  let at = 0
  const take = (count: number): number => {
    const value = Number.parseInt(bits.slice(at, at + count), 2)
    at += count
    return value
  }
  let objectType = take(5)
  const rate = take(4)
  const layout = take(4)
  if (objectType === 5 || objectType === 29) {
    take(4)
    objectType = take(5)
  }
  if (!(objectType >= 1 && objectType <= 4) || rate > 12 || !(layout >= 1 && layout <= 7)) {
    throw new MediaError('its AAC is of a kind that is not read')
  }
  return packetBytes => {
    const length = packetBytes + 7
    return Uint8Array.of(
      0xff,
      0xf1,
      ((objectType - 1) << 6) | (rate << 2) | (layout >> 2),
      ((layout & 3) << 6) | (length >> 11),
      (length >> 3) & 0xff,
      ((length & 7) << 5) | 0x1f,
      0xfc,
    )
  }
}
