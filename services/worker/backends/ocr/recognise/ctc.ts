/** A line as it was recognised. */
export interface RecognisedText {
  readonly text: string
  /** Probability of each character of `text` but the spaces that were put back. */
  readonly probabilities: readonly number[]
  /** Share of the time steps that hold no character. */
  readonly blankRatio: number
}

/** Class that stands for no character. */
const blank = 0
/**
 * Least probability of a space among blanks that makes a gap a space. PP-OCRv4 was trained on Chinese and often prefers the blank
 * there; measured: 0.1 to 0.4 where a space is lost, under 0.01 between the letters of a word.
 */
const lostSpace = 0.05

/**
 * Reads the likeliest path: repeated classes are one character, blanks part them; spaces lost to blanks are put back.
 * `rows` is float32 [steps, classes], probabilities; `dictionary` names the classes from 1 on, the last being the space.
 * @source Graves et al. 2006, Connectionist Temporal Classification, best-path decoding
 */
export function decodeCtc(rows: Float32Array, classes: number, dictionary: readonly string[]): RecognisedText {
  const steps = Math.floor(rows.length / classes)
  const space = dictionary.length
  const characters: string[] = []
  const probabilities: number[] = []
  let blanks = 0
  let before = blank
  let gap = 0

  function begin(character: string, probability: number): void {
    const lost = gap >= lostSpace && character !== ' ' && characters.length > 0 && characters.at(-1) !== ' '
    if (lost) characters.push(' ')
    characters.push(character)
    probabilities.push(probability)
    gap = 0
  }

  for (let step = 0; step < steps; step++) {
    const row = rows.subarray(step * classes, (step + 1) * classes)
    const best = indexOfHighest(row)
    if (best === blank) {
      blanks++
      gap = Math.max(gap, row[space] ?? 0)
    } else if (best === before) probabilities[probabilities.length - 1] = Math.max(probabilities.at(-1)!, row[best]!)
    else begin(dictionary[best - 1] ?? '\uFFFD', row[best]!)
    before = best
  }
  return { text: characters.join(''), probabilities, blankRatio: steps === 0 ? 1 : blanks / steps }
}

function indexOfHighest(row: Float32Array): number {
  let best = 0
  for (let index = 1; index < row.length; index++) if (row[index]! > row[best]!) best = index
  return best
}
