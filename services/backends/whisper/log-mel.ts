import { createFourier } from './fourier.ts'

/** Sample rate that Whisper listens at. */
export const whisperSampleRate = 16_000
/** Samples of one window of 30 s. */
export const windowSamples = 480_000

const frameSamples = 400
const hopSamples = 160
const frames = windowSamples / hopSamples
const bins = frameSamples / 2 + 1
/** Floor of the power before the logarithm. */
const powerFloor = 1e-10

/** Turns up to 30 s of sound at 16 kHz into Whisper's input. */
export interface LogMel {
  readonly melBins: number
  readonly frames: number
  /** float32 [melBins, frames], about -1..1. Shorter sound is padded with silence, longer sound is cut. */
  encode(samples: Float32Array): Float32Array
}

/**
 * Makes the log-mel encoder with its tables.
 * @source Radford et al. 2022, section 2.2, and openai/whisper `log_mel_spectrogram`: periodic Hann window,
 * reflected edges, Slaney mel scale
 */
export function createLogMel(melBins: number): LogMel {
  const fourier = createFourier(frameSamples)
  const hann = Float64Array.from(
    { length: frameSamples },
    (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / frameSamples),
  )
  const filters = melFilters(melBins)
  const real = new Float64Array(frameSamples)
  const imaginary = new Float64Array(frameSamples)
  const power = new Float64Array(bins)

  function powerOfFrame(samples: Float32Array, frame: number): void {
    const start = frame * hopSamples - frameSamples / 2
    for (let n = 0; n < frameSamples; n++) {
      // The left edge is mirrored; to the right there is padding with silence.
      real[n] = (samples[Math.abs(start + n)] ?? 0) * hann[n]!
    }
    imaginary.fill(0)
    fourier.transform(real, imaginary)
    for (let k = 0; k < bins; k++) power[k] = real[k]! ** 2 + imaginary[k]! ** 2
  }

  function encode(sound: Float32Array): Float32Array {
    const samples = sound.length > windowSamples ? sound.subarray(0, windowSamples) : sound
    const output = new Float32Array(melBins * frames).fill(Math.log10(powerFloor))
    // Frames that see only padding are silence, known without computing.
    const transcribed = Math.min(frames, Math.ceil((samples.length + frameSamples / 2) / hopSamples))
    let highest = Math.log10(powerFloor)
    for (let frame = 0; frame < transcribed; frame++) {
      powerOfFrame(samples, frame)
      for (let mel = 0; mel < melBins; mel++) {
        const value = Math.log10(Math.max(powerFloor, energyOf(filters[mel]!, power)))
        output[mel * frames + frame] = value
        if (value > highest) highest = value
      }
    }
    for (let index = 0; index < output.length; index++) output[index] = (Math.max(output[index]!, highest - 8) + 4) / 4
    return output
  }

  return { melBins, frames, encode }
}

interface MelFilter {
  readonly firstBin: number
  readonly weights: Float64Array
}

function energyOf(filter: MelFilter, power: Float64Array): number {
  let sum = 0
  for (let k = 0; k < filter.weights.length; k++) sum += filter.weights[k]! * power[filter.firstBin + k]!
  return sum
}

function melFilters(melBins: number): readonly MelFilter[] {
  const top = hertzToMel(whisperSampleRate / 2)
  const edges = Array.from({ length: melBins + 2 }, (_, index) => melToHertz((top * index) / (melBins + 1)))
  return Array.from({ length: melBins }, (_, mel) => {
    const [low, centre, high] = [edges[mel]!, edges[mel + 1]!, edges[mel + 2]!]
    const all = Array.from({ length: bins }, (_unused, k) => {
      const hertz = (k * whisperSampleRate) / frameSamples
      const slope = Math.min((hertz - low) / (centre - low), (high - hertz) / (high - centre))
      return Math.max(0, slope) * (2 / (high - low))
    })
    const firstBin = Math.max(
      0,
      all.findIndex(weight => weight > 0),
    )
    const lastBin = all.findLastIndex(weight => weight > 0)
    return { firstBin, weights: Float64Array.from(all.slice(firstBin, lastBin + 1)) }
  })
}

/** Slaney's scale: linear to 1 kHz, then logarithmic. */
const breakHertz = 1000
const hertzPerMel = 200 / 3
const logStep = Math.log(6.4) / 27

function hertzToMel(hertz: number): number {
  return hertz < breakHertz ? hertz / hertzPerMel : breakHertz / hertzPerMel + Math.log(hertz / breakHertz) / logStep
}

function melToHertz(mel: number): number {
  const breakMel = breakHertz / hertzPerMel
  return mel < breakMel ? mel * hertzPerMel : breakHertz * Math.exp(logStep * (mel - breakMel))
}
