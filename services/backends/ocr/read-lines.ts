import { cutLine, roomBeside, upsideDown, widened, type Corners, type Strip } from './recognise/cut-line.ts'
import type { Picture } from '#services/media/open-pages'
import { stretchContrast } from './stretch-contrast.ts'
import type { OcrModel } from './ocr-model.ts'
import { compareMargins, hasNumberAtEnd } from './recognise/compare-margins.ts'
import { compareWidths } from './recognise/compare-widths.ts'
import type { RecognisedText } from './recognise/ctc.ts'
import { doubtsOf, isDoubtful, lineScore } from './recognise/reading.ts'
import { recogniseStrips, turnedProbabilities } from './recognise/recognise-strips.ts'
import { measureInk } from './recognise/strip-ink.ts'

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
  /** Checked before each batch; a cancelled call leaves the rest unread. */
  readonly unwanted: () => boolean
}

/** Least probability by which a line is turned. @source PaddleOCR `cls_thresh` 0.9 */
const turnedProbability = 0.9
/** A second reading must be better by this to win: lines that are merely shorter often look surer. */
const leastGain = 0.02
/**
 * Most margin of the second reading of a number, in heights of its line: a sign with a space before its number
 * stands within.
 */
const secondMargin = 1.3
/**
 * Writing that fills less of a strip's 48 rows has letters so narrow that the recogniser loses the second of two
 * alike. Measured on 2,530 lines: 23 % wrong below, 3 % above; drawn out by 1.4 a third to a fifth of the wrong
 * ones stay wrong.
 */
const goodWritingRows = 28
const drawnOutRows = 32
const mostStretch = 1.5
/** A line with more doubt than this, or than this for each of its characters, is read again, drawn out. */
const leastDoubt = 0.1
const leastDoubtPerCharacter = 0.0015
/** So is one whose spaces are as doubtful as this. */
const leastSpaceDoubt = 0.03
/** Drawn out, and then squeezed: where a font misleads the recogniser, a line of another width reads differently. */
const otherStretches = [1.25, 0.85]

/** Reads the lines of a page, in order; doubtful ones and numbers are read twice. */
export async function readLines(
  model: OcrModel,
  { picture, lines, secondLook, unwanted }: LinesToRead,
): Promise<readonly LineText[]> {
  const strips = lines.map(corners => cutLegibly(picture, corners))
  const first = await recogniseStrips(model, strips, unwanted)
  const found = first.map((text): LineText => ({ ...text, disputed: false }))
  const doubtful = (): readonly number[] => [...found.keys()].filter(place => isDoubtful(found[place]!))
  const unsure = (): readonly number[] => [...found.keys()].filter(place => isUnsure(found[place]!))

  await readAtOtherWidths(unsure())
  if (secondLook) await readAgain(doubtful(), place => stretchContrast(strips[place]!))
  const turned = await onTheirHeads(doubtful())
  await readAgain(turned, place => upsideDown(secondLook ? stretchContrast(strips[place]!) : strips[place]!))
  await compareNumbers()
  return found

  /** Keeps what is clearly better than what was read before. */
  async function readAgain(places: readonly number[], stripOf: (place: number) => Strip): Promise<void> {
    const texts = await recogniseStrips(model, places.map(stripOf), unwanted)
    for (const [index, place] of places.entries()) {
      const text = texts[index]!
      if (lineScore(text) > lineScore(found[place]!) + leastGain) found[place] = { ...text, disputed: false }
    }
  }

  async function readAtOtherWidths(places: readonly number[]): Promise<void> {
    const others = places.flatMap(place =>
      otherStretches.map(stretch => cutLine(picture, lines[place]!, strips[place]!.stretch * stretch)),
    )
    const texts = await recogniseStrips(model, others, unwanted)
    for (const [index, place] of places.entries()) {
      const from = index * otherStretches.length
      found[place] = compareWidths(found[place]!, texts.slice(from, from + otherStretches.length))
    }
  }

  async function onTheirHeads(places: readonly number[]): Promise<readonly number[]> {
    const probabilities = await turnedProbabilities(
      model,
      places.map(place => strips[place]!),
    )
    return places.filter((_, index) => probabilities[index]! > turnedProbability)
  }

  /**
   * A sign at the rim of its box, or apart from its number, is lost or not by the margin, so numbers are read with
   * two.
   */
  async function compareNumbers(): Promise<void> {
    const places = [...found.keys()].filter(place => hasNumberAtEnd(found[place]!.text))
    const wide = places.map(place => {
      const room = roomBeside(lines[place]!, lines, secondMargin)
      return cutLine(picture, widened(lines[place]!, room), strips[place]!.stretch)
    })
    const texts = await recogniseStrips(model, wide, unwanted)
    for (const [index, place] of places.entries()) {
      const before = found[place]!
      const compared = compareMargins(before, texts[index]!)
      // What readings at other widths have doubted stays doubted.
      const mixedErrors = Math.max(before.mixedErrors, compared.mixedErrors)
      found[place] = { ...compared, mixedErrors, disputed: before.disputed || compared.disputed }
    }
  }
}

function isUnsure(line: LineText): boolean {
  if (line.spaceErrors > leastSpaceDoubt || line.lacksCharacters) return true
  return doubtsOf(line) > Math.max(leastDoubt, leastDoubtPerCharacter * line.text.length)
}

/** Cuts a line, drawn out where its letters would be too narrow. */
function cutLegibly(picture: Picture, corners: Corners): Strip {
  const strip = cutLine(picture, corners)
  const { height } = measureInk(strip)
  return height >= goodWritingRows ? strip : cutLine(picture, corners, Math.min(mostStretch, drawnOutRows / height))
}
