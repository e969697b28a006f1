/**
 * The share of looks into a sound that find a voice: where it repeats itself at a pitch that people speak at, and
 * is not near silence. Noise, however loud, does not repeat itself, so this tells speech from it where its level
 * does not. Pure; looks 25 times a second, at 4,000 values each, into at most a minute.
 * @source Boersma, Accurate short-term analysis of the fundamental frequency (1993): the height of the normalised
 * autocorrelation
 */
export function voicedRatio(samples: Float32Array, sampleRateHz: number): number {
  const step = Math.max(1, Math.floor(sampleRateHz / coarseRateHz))
  const rateHz = sampleRateHz / step
  const coarse = averaged(samples.subarray(0, Math.floor(sampleRateHz * analysedSeconds)), step)
  const shortest = Math.max(2, Math.floor(rateHz / highestPitchHz))
  const longest = Math.ceil(rateHz / lowestPitchHz)
  const frame = frameOf(longest)
  const hop = Math.max(1, Math.round(rateHz / looksPerSecond))
  let windows = 0
  let voiced = 0
  for (let from = 0; from + frame + longest <= coarse.length; from += hop) {
    windows += 1
    if (repeats(coarse, from, { shortest, longest })) voiced += 1
  }
  return windows === 0 ? 0 : voiced / windows
}

/** Speech below 2 kHz holds its pitch; more would only cost time. */
const coarseRateHz = 4000
const lowestPitchHz = 75
const highestPitchHz = 400
const looksPerSecond = 25
const analysedSeconds = 60
/** Height of the autocorrelation from which a frame counts as voiced, as in Boersma's default. */
const voicedFrom = 0.45
/** A frame with less power than this is silence whatever its shape: -55 dB. */
const silentPower = 10 ** (-55 / 10)

function averaged(samples: Float32Array, step: number): Float32Array {
  const averages = new Float32Array(Math.floor(samples.length / step))
  for (let at = 0; at < averages.length; at += 1) {
    let sum = 0
    for (let inner = 0; inner < step; inner += 1) sum += samples[at * step + inner]!
    averages[at] = sum / step
  }
  return averages
}

/** Lags of the pitches that people speak at, in values. */
interface Lags {
  readonly shortest: number
  readonly longest: number
}

/** Values that are compared with those that follow: two periods of the lowest pitch. */
function frameOf(longest: number): number {
  return longest * 2
}

/**
 * Whether some lag of a pitch shows the frame again; a sound that is the same at every lag, such as hum below
 * speech, does not count.
 */
function repeats(values: Float32Array, from: number, { shortest, longest }: Lags): boolean {
  const frame = frameOf(longest)
  let power = 0
  for (let at = from; at < from + frame; at += 1) power += values[at]! ** 2
  if (power / frame < silentPower) return false
  let best = 0
  let least = 1
  for (let lag = shortest; lag <= longest; lag += 1) {
    let product = 0
    let shifted = 0
    for (let at = from; at < from + frame; at += 1) {
      product += values[at]! * values[at + lag]!
      shifted += values[at + lag]! ** 2
    }
    const height = product / Math.sqrt(power * Math.max(shifted, Number.MIN_VALUE))
    if (height > best) best = height
    if (height < least) least = height
  }
  return best > voicedFrom && least < 0
}
