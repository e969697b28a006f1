import { MediaError } from './media-error.ts'
import { channelWeights } from './mix-channels.ts'
import { sampleReader } from './read-sample.ts'
import { findWavData, type WavLayout } from './wav-layout.ts'

/** Decoded sound: one channel, float32 in [-1, 1]. */
export interface Sound {
  readonly samples: Float32Array
  readonly sampleRate: number
}

/**
 * Decodes a WAV file (integers of 8 to 32 bits, floats of 32 and 64, A-law and µ-law) and mixes its channels into one.
 * @throws MediaError when it is no WAV, is cut short, or is longer than `limitSeconds`
 */
export function decodeWav(bytes: Uint8Array, limitSeconds: number): Sound {
  const layout = findWavData(bytes)
  const { sampleRateHz } = layout.format
  if (framesOf(layout) > limitSeconds * sampleRateHz) throw new MediaError(`the audio is longer than ${limitSeconds} s`)
  return { samples: mixDown(bytes, layout), sampleRate: sampleRateHz }
}

/** What the header of a WAV file says, its samples unread. */
export interface WavFacts {
  readonly durationMs: number
  readonly sampleRateHz: number
  readonly channels: number
  readonly bitsPerSample: number
  readonly frames: number
}

/**
 * Reads the header of a WAV file and checks that the samples it promises are there.
 * @throws MediaError as {@link decodeWav}
 */
export function readWavFacts(bytes: Uint8Array): WavFacts {
  const layout = findWavData(bytes)
  const { sampleRateHz, channels, bitsPerSample } = layout.format
  const frames = framesOf(layout)
  return { durationMs: (frames / sampleRateHz) * 1000, sampleRateHz, channels, bitsPerSample, frames }
}

/** Whole frames; what a length that is no multiple of the frame leaves over is none. */
function framesOf({ format, dataBytes }: WavLayout): number {
  const frames = Math.floor(dataBytes / (format.channels * format.sampleBytes))
  if (frames === 0) throw new MediaError('the WAV file holds no samples')
  return frames
}

/** The mix of this share of its loudest channel's energy has cancelled itself out. */
const cancelledShare = 0.01

function mixDown(bytes: Uint8Array, layout: WavLayout): Float32Array {
  const { channels, channelMask } = layout.format
  const weights = channelWeights(channels, channelMask)
  const energies = new Float64Array(channels)
  const mixed = weighted(bytes, layout, weights, energies)
  const energy = mixed.reduce((sum, sample) => sum + sample * sample, 0)
  const audible = [...energies].map((one, channel) => (weights[channel]! > 0 ? one : 0))
  const loudest = audible.indexOf(Math.max(...audible))
  // Two channels of opposite sign, as a balanced line recorded as stereo: either of them is the sound.
  if (channels === 1 || energy >= cancelledShare * audible[loudest]!) return mixed
  return weighted(
    bytes,
    layout,
    weights.map((_, channel) => Number(channel === loudest)),
    energies,
  )
}

function weighted(
  bytes: Uint8Array,
  layout: WavLayout,
  weights: readonly number[],
  energies: Float64Array,
): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { format, dataStart } = layout
  const read = sampleReader(format)
  const samples = new Float32Array(framesOf(layout))
  let offset = dataStart
  for (let frame = 0; frame < samples.length; frame++) {
    let sum = 0
    for (let channel = 0; channel < format.channels; channel++, offset += format.sampleBytes) {
      const weight = weights[channel]!
      if (weight === 0) continue
      const sample = read(view, offset)
      energies[channel]! += sample * sample
      sum += sample * weight
    }
    samples[frame] = sum
  }
  return samples
}
