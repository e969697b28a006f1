import { MediaError } from '../media-error.ts'
import { channelWeights } from '../mix-channels.ts'
import type { Block } from './open-codec.ts'
import { createResampler, type Resampler } from './resample.ts'

/** Rate that models of speech take. */
export const targetRateHz = 16_000

/** The mix of this share of its louder channel's energy has cancelled itself out. */
const cancelledShare = 0.01

/** After so many seconds it is decided whether the mix is the sound. */
const decidedSeconds = 10

/** Takes decoded blocks; gives them as one channel of 16 kHz. */
export interface MonoSink {
  /** Seconds that came in so far. */
  readonly seconds: number
  /** What the sound is by its own account, before the mix. */
  readonly source: { readonly channels: number; readonly sampleRateHz: number } | undefined
  /** @throws MediaError when it is longer than allowed, or changes its rate on the way */
  push(block: Block): void
  /** Signed integers of 16 bits. */
  finish(): Int16Array
}

/** Makes one for at most so many seconds. */
export function createMonoSink(limitSeconds: number): MonoSink {
  let tracks: readonly Track[] = []
  let source: { channels: number; sampleRateHz: number } | undefined
  let seconds = 0
  return {
    get seconds() {
      return seconds
    },
    get source() {
      return source
    },
    push(block) {
      const { channels, sampleRateHz } = block
      const length = channels[0]?.length ?? 0
      if (length === 0) return
      source ??= { channels: channels.length, sampleRateHz }
      demandSame(source, block)
      seconds += length / sampleRateHz
      if (seconds > limitSeconds) throw new MediaError(`the audio is longer than ${limitSeconds} s`)
      if (tracks.length === 0) tracks = tracksOf(channels.length, sampleRateHz)
      for (const track of tracks) track.push(channels)
      if (seconds > decidedSeconds) tracks = withoutSpare(tracks)
    },
    finish() {
      const [mix, first] = tracks
      if (mix === undefined) throw new MediaError('it holds no sound')
      return (first !== undefined && isCancelled(tracks) ? first : mix).finish()
    },
  }
}

/** Two channels of opposite sign, as a balanced line recorded as stereo: either of them is the sound. */
function isCancelled([mix, first]: readonly Track[]): boolean {
  return mix !== undefined && first !== undefined && mix.energy() <= cancelledShare * first.energy()
}

/** The other track is there for a mix that cancels itself out; after some seconds this is known. */
function withoutSpare(tracks: readonly Track[]): readonly Track[] {
  return isCancelled(tracks) ? tracks : tracks.slice(0, 1)
}

function demandSame(source: { readonly channels: number; readonly sampleRateHz: number }, block: Block): void {
  if (source.sampleRateHz === block.sampleRateHz && source.channels === block.channels.length) return
  throw new MediaError('its sample rate or its channels change on the way')
}

interface Track {
  push(channels: readonly Float32Array[]): void
  energy(): number
  finish(): Int16Array
}

function tracksOf(channels: number, sampleRateHz: number): readonly Track[] {
  const mix = createTrack(channelWeights(channels, 0), sampleRateHz)
  return channels === 2 ? [mix, createTrack([1, 0], sampleRateHz)] : [mix]
}

function createTrack(weights: readonly number[], sampleRateHz: number): Track {
  const resampler: Resampler | undefined =
    sampleRateHz === targetRateHz ? undefined : createResampler(sampleRateHz, targetRateHz)
  const pieces: Int16Array[] = []
  let energy = 0
  return {
    push(channels) {
      const mixed = mixDown(channels, weights)
      energy += mixed.reduce((sum, sample) => sum + sample * sample, 0)
      pieces.push(toIntegers(resampler?.push(mixed) ?? mixed))
    },
    energy: () => energy,
    finish() {
      if (resampler !== undefined) pieces.push(toIntegers(resampler.flush()))
      const whole = new Int16Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
      let at = 0
      for (const piece of pieces) {
        whole.set(piece, at)
        at += piece.length
      }
      return whole
    },
  }
}

function mixDown(channels: readonly Float32Array[], weights: readonly number[]): Float32Array {
  const mixed = new Float32Array(channels[0]!.length)
  channels.forEach((channel, place) => {
    const weight = weights[place]!
    if (weight === 0) return
    for (let at = 0; at < mixed.length; at++) mixed[at]! += channel[at]! * weight
  })
  return mixed
}

function toIntegers(samples: Float32Array): Int16Array {
  const integers = new Int16Array(samples.length)
  for (let at = 0; at < samples.length; at++) {
    integers[at] = Math.round(Math.max(-1, Math.min(1, samples[at]!)) * 32_767)
  }
  return integers
}
