import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import {
  EncodedPacketSink,
  EncodedVideoPacketSource,
  MkvOutputFormat,
  Output,
  StreamTarget,
  type InputVideoTrack,
} from 'mediabunny'
import { MediaError } from '../media-error.ts'

/** What frames are wanted. */
export interface VideoOrder {
  readonly width: number
  readonly height: number
  readonly framesPerSecond: number
  /** Larger frames are not decoded, whatever the container says of them. */
  readonly megapixels: number
}

const missing = 'video is decoded by ffmpeg, which is not installed here: send frames as pictures, or its sound'
const damaged = 'the video is damaged or cut short'
/** Seconds of processor time. */
const timeLimitSeconds = 60

/** Turns that a picture is to be given, as ffmpeg calls them. */
const turns: Readonly<Record<number, string>> = { 90: 'transpose=1,', 180: 'hflip,vflip,', 270: 'transpose=2,' }

/**
 * Decodes a picture track with the `ffmpeg` of this machine. It sees no container but one that is written here, on its
 * standard input, and no protocol but that pipe.
 * @throws MediaError when there is no ffmpeg, or it cannot decode the track
 */
export async function decodeVideo(
  track: InputVideoTrack,
  { width, height, framesPerSecond, megapixels }: VideoOrder,
  onFrame: (data: Uint8Array) => void,
): Promise<void> {
  // The last frame may be shown for less time than lies between two that are looked at; how long is not always told.
  const padded = `tpad=stop_mode=clone:stop_duration=${2 / framesPerSecond}`
  const filters = `${padded},fps=${framesPerSecond}:round=up,${turns[track.rotation] ?? ''}scale=${width}:${height}`
  const decoder = ['-threads', '1', '-max_pixels', String(megapixels * 1e6)]
  const input = ['-protocol_whitelist', 'pipe', ...decoder, '-f', 'matroska', '-noautorotate', '-i', 'pipe:0']
  const output = ['-map', '0:v:0', '-vf', filters, '-pix_fmt', 'rgb24', '-f', 'rawvideo', 'pipe:1']
  const limits = ['-nostdin', '-hide_banner', '-loglevel', 'quiet', '-timelimit', String(timeLimitSeconds)]
  const child = spawn('ffmpeg', [...limits, ...input, ...output], { stdio: ['pipe', 'pipe', 'ignore'] })
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', () => reject(new MediaError(missing)))
    child.once('exit', code => resolve(code ?? 1))
  })
  ended.catch(() => {
    // It is awaited below.
  })
  // A decoder that ends early closes its input.
  child.stdin.on('error', () => {})
  const feeding = feed(track, child, ended)
  feeding.catch(() => child.kill('SIGKILL'))
  try {
    await readWhole(child.stdout, width * height * 3, onFrame)
    const code = await ended
    await feeding
    if (code !== 0) throw new MediaError(damaged)
  } finally {
    child.kill('SIGKILL')
  }
}

async function readWhole(stdout: Readable, frameBytes: number, onFrame: (data: Uint8Array) => void): Promise<void> {
  let frame = new Uint8Array(frameBytes)
  let filled = 0
  for await (const piece of stdout as AsyncIterable<Buffer>) {
    for (let at = 0; at < piece.length;) {
      const part = piece.subarray(at, at + frameBytes - filled)
      frame.set(part, filled)
      filled += part.length
      at += part.length
      if (filled < frameBytes) continue
      onFrame(frame)
      frame = new Uint8Array(frameBytes)
      filled = 0
    }
  }
}

/** Writes the packets of the track as a stream of Matroska. */
async function feed(
  track: InputVideoTrack,
  { stdin }: ChildProcessByStdio<Writable, Readable, null>,
  ended: Promise<number>,
): Promise<void> {
  const { codec } = track
  if (codec === null) throw new MediaError(`its codec is not read: ${String(track.internalCodecId)}`)
  const writable = new WritableStream<{ readonly data: Uint8Array }>({
    async write({ data }) {
      if (!stdin.destroyed && !stdin.write(data)) await Promise.race([once(stdin, 'drain'), ended])
    },
  })
  const output = new Output({ format: new MkvOutputFormat({ appendOnly: true }), target: new StreamTarget(writable) })
  const source = new EncodedVideoPacketSource(codec)
  output.addVideoTrack(source)
  try {
    await output.start()
    const config = await track.getDecoderConfig()
    let isFirst = true
    for await (const packet of new EncodedPacketSink(track).packets()) {
      if (stdin.destroyed) return
      await source.add(packet, isFirst && config !== null ? { decoderConfig: config } : undefined)
      isFirst = false
    }
    await output.finalize()
  } catch {
    throw new MediaError(damaged)
  } finally {
    stdin.end()
  }
}
