/** A line as it was recognised. */
export interface RecognisedText {
  readonly text: string
  /** Probability of each character of `text`. */
  readonly probabilities: readonly number[]
  /** Share of the time steps that hold no character. */
  readonly blankRatio: number
}

/** Class that stands for no character. */
const blank = 0

/**
 * Reads the likeliest path: repeated classes are one character, blanks part them.
 * `rows` is float32 [steps, classes], probabilities; `dictionary` names the classes from 1 on.
 * @source Graves et al. 2006, Connectionist Temporal Classification, best-path decoding
 */
export function decodeCtc(rows: Float32Array, classes: number, dictionary: readonly string[]): RecognisedText {
  const steps = Math.floor(rows.length / classes)
  const characters: string[] = []
  const probabilities: number[] = []
  let blanks = 0
  let before = blank
  for (let step = 0; step < steps; step++) {
    const row = rows.subarray(step * classes, (step + 1) * classes)
    const best = indexOfHighest(row)
    const probability = row[best]!
    if (best === blank) blanks++
    else if (best !== before) {
      characters.push(dictionary[best - 1] ?? '\uFFFD')
      probabilities.push(probability)
    } else probabilities[probabilities.length - 1] = Math.max(probabilities.at(-1)!, probability)
    before = best
  }
  return { text: characters.join(''), probabilities, blankRatio: steps === 0 ? 1 : blanks / steps }
}

function indexOfHighest(row: Float32Array): number {
  let best = 0
  for (let index = 1; index < row.length; index++) if (row[index]! > row[best]!) best = index
  return best
}
