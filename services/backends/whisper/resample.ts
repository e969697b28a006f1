import type { Sound } from '#services/media/decode-wav'

/** Zero crossings of the sinc on each side: 16 gives a transition band of a few percent with the window below. */
const zeroCrossings = 16
/** Kaiser shape for about 80 dB of stop-band attenuation. @source Kaiser and Schafer 1980, beta = 0.1102 (A - 8.7) */
const kaiserBeta = 7.86
/** The pass band ends a little below the lower Nyquist frequency, so that the transition band does not fold back. */
const rollOff = 0.945

/**
 * Changes the sample rate with a band-limited, windowed-sinc interpolator. The filter is tabled by phase: rates are
 * reduced to a fraction, so each output sample needs one of `numerator` phases.
 * @source J. O. Smith, Digital Audio Resampling (CCRMA)
 */
export function resample(sound: Sound, targetRate: number): Float32Array {
  if (sound.sampleRate === targetRate) return sound.samples
  const divisor = greatestCommonDivisor(sound.sampleRate, targetRate)
  const up = targetRate / divisor
  const down = sound.sampleRate / divisor
  const cutoff = Math.min(1, targetRate / sound.sampleRate) * rollOff
  const halfWidth = Math.ceil(zeroCrossings / cutoff)
  const taps = 2 * halfWidth
  const length = Math.max(1, Math.round((sound.samples.length * up) / down))
  const output = new Float32Array(length)
  const phases = new Map<number, Float32Array>()
  for (let index = 0; index < length; index++) {
    const position = index * down
    const phase = position % up
    const first = (position - phase) / up - halfWidth + 1
    let filter = phases.get(phase)
    if (filter === undefined) phases.set(phase, (filter = filterOfPhase(phase / up, halfWidth, cutoff)))
    output[index] = convolve(sound.samples, filter, first, taps)
  }
  return output
}

function convolve(samples: Float32Array, filter: Float32Array, first: number, taps: number): number {
  const from = Math.max(0, -first)
  const to = Math.min(taps, samples.length - first)
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
  // Each phase passes direct current with the same gain, else the phases' ripple is heard as a tone.
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
