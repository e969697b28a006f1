import { cutLine, upsideDown, widened, type Corners } from './recognise/cut-line.ts'
import type { Picture } from './open-pages.ts'
import { stretchContrast } from './stretch-contrast.ts'
import type { OcrModel } from './ocr-model.ts'
import { compareMargins, hasNumberAtEnd } from './recognise/compare-margins.ts'
import type { RecognisedText } from './recognise/ctc.ts'
import { isDoubtful, lineScore } from './recognise/reading.ts'
import { recogniseStrips, turnedProbabilities } from './recognise/recognise-strips.ts'

/** A line as it was read. */
export interface LineText extends RecognisedText {
  /** Two readings of a number or its sign differ. */
  readonly disputed: boolean
}

/** What is read. */
export interface LinesToRead {
  readonly picture: Picture
  readonly lines: readonly Corners[]
  /** Reads doubtful lines again with other contrast. */
  readonly secondLook: boolean
  /** Asked before each batch; what nobody wants any more is left unread. */
  readonly unwanted: () => boolean
}

/** Least probability by which a line is turned. @source PaddleOCR `cls_thresh` 0.9 */
const turnedProbability = 0.9
/** A second reading must be better by this to win: lines that are merely shorter often look surer. */
const leastGain = 0.02
/** Margin of the second reading of a number, in heights of its line. */
const secondMargin = 0.5

/** Reads the lines of a page, in order; doubtful ones and numbers are read twice. */
export async function readLines(
  model: OcrModel,
  { picture, lines, secondLook, unwanted }: LinesToRead,
): Promise<readonly LineText[]> {
  const strips = lines.map(corners => cutLine(picture, corners))
  const first = await recogniseStrips(model, strips, unwanted)
  const found = first.map((text): LineText => ({ ...text, disputed: false }))
  const doubtful = (): readonly number[] => [...found.keys()].filter(place => isDoubtful(found[place]!))

  if (secondLook) await readAgain(doubtful(), place => stretchContrast(strips[place]!))
  const turned = await onTheirHeads(doubtful())
  await readAgain(turned, place => upsideDown(secondLook ? stretchContrast(strips[place]!) : strips[place]!))
  await compareNumbers()
  return found

  /** Keeps what is clearly better than what was read before. */
  async function readAgain(places: readonly number[], stripOf: (place: number) => Picture): Promise<void> {
    const texts = await recogniseStrips(model, places.map(stripOf), unwanted)
    for (const [index, place] of places.entries()) {
      const text = texts[index]!
      if (lineScore(text) > lineScore(found[place]!) + leastGain) found[place] = { ...text, disputed: false }
    }
  }

  async function onTheirHeads(places: readonly number[]): Promise<readonly number[]> {
    const probabilities = await turnedProbabilities(
      model,
      places.map(place => strips[place]!),
    )
    return places.filter((_, index) => probabilities[index]! > turnedProbability)
  }

  /** A sign at the rim of its box is lost or not by the margin, so numbers are read with two. */
  async function compareNumbers(): Promise<void> {
    const places = [...found.keys()].filter(place => hasNumberAtEnd(found[place]!.text))
    const wide = places.map(place => cutLine(picture, widened(lines[place]!, secondMargin)))
    const texts = await recogniseStrips(model, wide, unwanted)
    for (const [index, place] of places.entries()) found[place] = compareMargins(found[place]!, texts[index]!)
  }
}
