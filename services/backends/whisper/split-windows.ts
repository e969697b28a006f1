import { whisperSampleRate, windowSamples } from './log-mel.ts'

/** A cut is looked for in the last ten seconds of a window. */
const searchSamples = 10 * whisperSampleRate
/** A pause between words is at least about this long: 0.2 s. */
const pauseSamples = whisperSampleRate / 5
const strideSamples = pauseSamples / 4

/** Cuts long sound into windows of at most 30 s, each at the quietest moment near its end, so that no word is torn. */
export function splitWindows(samples: Float32Array): readonly Float32Array[] {
  const windows: Float32Array[] = []
  let start = 0
  while (samples.length - start > windowSamples) {
    const end = quietest(samples, start + windowSamples - searchSamples, start + windowSamples)
    windows.push(samples.subarray(start, end))
    start = end
  }
  windows.push(samples.subarray(start))
  return windows
}

/** The middle of the quietest 0.2 s between two samples. */
function quietest(samples: Float32Array, from: number, to: number): number {
  let best = to
  let lowest = Infinity
  for (let start = from; start + pauseSamples <= to; start += strideSamples) {
    let energy = 0
    for (let index = start; index < start + pauseSamples; index++) energy += samples[index]! ** 2
    // On a tie the later moment wins: fewer windows.
    if (energy <= lowest) {
      lowest = energy
      best = start + pauseSamples / 2
    }
  }
  return best
}
