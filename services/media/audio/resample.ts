import type { Sound } from '../decode-wav.ts'

/** Zero crossings of the sinc on each side: 16 gives a transition band of a few percent with the window below. */
const zeroCrossings = 16
/** Kaiser shape for about 80 dB of stop-band attenuation. @source Kaiser and Schafer 1980, beta = 0.1102 (A - 8.7) */
const kaiserBeta = 7.86
/** The pass band ends a little below the lower Nyquist frequency, so that the transition band does not fold back. */
const rollOff = 0.945

/** Changes the sample rate of a sound that comes piece by piece. */
export interface Resampler {
  /** Takes the next samples; gives what can be computed from those so far. */
  push(samples: Float32Array): Float32Array
  /** Gives what is left; silence follows the sound. */
  flush(): Float32Array
}

/** Changes the sample rate of a whole sound, as {@link createResampler} does piece by piece. */
export function resample(sound: Sound, targetRate: number): Float32Array {
  if (sound.sampleRate === targetRate) return sound.samples
  const resampler = createResampler(sound.sampleRate, targetRate)
  const first = resampler.push(sound.samples)
  const last = resampler.flush()
  const whole = new Float32Array(first.length + last.length)
  whole.set(first)
  whole.set(last, first.length)
  return whole
}

/**
 * Makes a band-limited, windowed-sinc interpolator. The filter is tabled by phase: rates are reduced to a fraction,
 * so each output sample needs one of `numerator` phases.
 * @source J. O. Smith, Digital Audio Resampling (CCRMA)
 */
export function createResampler(sourceRate: number, targetRate: number): Resampler {
  const divisor = greatestCommonDivisor(sourceRate, targetRate)
  const up = targetRate / divisor
  const down = sourceRate / divisor
  const cutoff = Math.min(1, targetRate / sourceRate) * rollOff
  const halfWidth = Math.ceil(zeroCrossings / cutoff)
  const phases = new Map<number, Float32Array>()
  /** Samples from `start` on, as far as they are still needed. */
  let kept: Float32Array = new Float32Array(0)
  let start = 0
  let index = 0

  const firstOf = (at: number): number => Math.floor((at * down) / up) - halfWidth + 1
  const filterOf = (at: number): Float32Array => {
    const phase = (at * down) % up
    const known = phases.get(phase)
    if (known !== undefined) return known
    const filter = filterOfPhase(phase / up, halfWidth, cutoff)
    phases.set(phase, filter)
    return filter
  }
  const computeTo = (end: number): Float32Array => {
    const output = new Float32Array(Math.max(0, end - index))
    for (let at = 0; at < output.length; at++, index++) {
      output[at] = convolve(kept, filterOf(index), firstOf(index) - start)
    }
    return output
  }

  return {
    push(samples) {
      const needed = Math.max(0, Math.min(firstOf(index) - start, kept.length))
      const joined = new Float32Array(kept.length - needed + samples.length)
      joined.set(kept.subarray(needed))
      joined.set(samples, kept.length - needed)
      kept = joined
      start += needed
      // The last one whose filter ends within the samples.
      const end = Math.floor(((start + kept.length - halfWidth) * up) / down)
      return computeTo(end)
    },
    flush() {
      return computeTo(Math.max(1, Math.round(((start + kept.length) * up) / down)))
    },
  }
}

function convolve(samples: Float32Array, filter: Float32Array, first: number): number {
  const from = Math.max(0, -first)
  const to = Math.min(filter.length, samples.length - first)
  let sum = 0
  for (let tap = from; tap < to; tap++) sum += samples[first + tap]! * filter[tap]!
  return sum
}

function filterOfPhase(fraction: number, halfWidth: number, cutoff: number): Float32Array {
  const filter = new Float32Array(2 * halfWidth)
  let sum = 0
  for (let tap = 0; tap < filter.length; tap++) {
    const distance = tap - halfWidth + 1 - fraction
    const weight = cutoff * sinc(distance * cutoff) * kaiser(distance / halfWidth)
    filter[tap] = weight
    sum += weight
  }
  // Each phase passes direct current with the same gain, else the phases' ripple is audible as a tone.
  for (let tap = 0; tap < filter.length; tap++) filter[tap]! /= sum
  return filter
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)
}

function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : bessel0(kaiserBeta * Math.sqrt(1 - x * x)) / bessel0(kaiserBeta)
}

function bessel0(x: number): number {
  let sum = 1
  let term = 1
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2
    sum += term
  }
  return sum
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
