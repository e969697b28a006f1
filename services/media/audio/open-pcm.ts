import { sampleReader, type ReadSample } from '../read-sample.ts'
import type { WavEncoding } from '../wav-layout.ts'
import type { Codec } from './open-codec.ts'

/** How the samples of a track are written, beside their codec. */
export interface PcmShape {
  readonly channels: number
  readonly sampleRateHz: number
}

/** Samples as they are, by the name that the demuxer gives their form; `undefined` for what is no such form. */
export function openPcm(name: string, { channels, sampleRateHz }: PcmShape): Codec | undefined {
  const form = formOf(name)
  if (form === undefined || channels < 1) return undefined
  const { bytes, read } = form
  return {
    decode: packets => {
      const data = Buffer.concat(packets)
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
      const frames = Math.floor(data.byteLength / (bytes * channels))
      const sounds = Array.from({ length: channels }, (_, channel) =>
        Float32Array.from({ length: frames }, (_sample, frame) => read(view, (frame * channels + channel) * bytes)),
      )
      return Promise.resolve({ channels: sounds, sampleRateHz })
    },
    free: () => {},
  }
}

interface Form {
  readonly bytes: number
  readonly read: ReadSample
}

/** `pcm-s16`, `pcm-s24be`, `pcm-f32`, `ulaw`, … */
function formOf(name: string): Form | undefined {
  if (name === 'ulaw' || name === 'alaw') return { bytes: 1, read: reader(name === 'ulaw' ? 'u-law' : 'a-law', 8) }
  const [, kind, digits, order] = /^pcm-([suf])(8|16|24|32|64)(be)?$/u.exec(name) ?? []
  if (kind === undefined) return undefined
  const bits = Number(digits)
  const bytes = bits / 8
  const read = reader(kind === 'f' ? 'float' : 'integer', bits)
  if (bits === 8) return { bytes, read: kind === 'u' ? read : (view, at) => view.getInt8(at) / 128 }
  return { bytes, read: order === undefined ? read : turned(read, bytes) }
}

function reader(encoding: WavEncoding, bits: number): ReadSample {
  return sampleReader({
    encoding,
    bitsPerSample: bits,
    sampleBytes: bits / 8,
    channels: 1,
    sampleRateHz: 1,
    channelMask: 0,
  })
}

/** A reader of samples whose first byte is the highest. */
function turned(read: ReadSample, bytes: number): ReadSample {
  const sample = new DataView(new ArrayBuffer(bytes))
  return (view, at) => {
    for (let byte = 0; byte < bytes; byte += 1) sample.setUint8(byte, view.getUint8(at + bytes - 1 - byte))
    return read(sample, 0)
  }
}
