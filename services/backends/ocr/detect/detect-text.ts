import { detectorInputs, resizeForDetector, type DetectorInput } from './detector-input.ts'
import type { Picture } from '#services/media/open-pages'
import type { OcrModel } from '../ocr-model.ts'
import { findTextBoxes, type TextBox } from './text-boxes.ts'

/** What the detector found on a picture at one scale. */
export interface Detection {
  readonly boxes: readonly TextBox[]
  /** The highest probability of text anywhere. */
  readonly textPeak: number
  /** By which the picture was scaled. */
  readonly factor: number
}

/** Finds the lines of a picture at one scale, band by band; `unwanted` is asked before each. */
export async function detectText(
  model: OcrModel,
  picture: Picture,
  factor: number,
  unwanted: () => boolean,
): Promise<Detection> {
  const { width, height, data } = await resizeForDetector(picture, factor)
  const values = new Float32Array(width * height)
  let textPeak = 0
  for (const encode of detectorInputs({ data, width, height })) {
    if (unwanted()) break
    const input = encode()
    const found = await model.detect(input)
    textPeak = Math.max(textPeak, copyCore(found, input, values, width))
  }
  return { boxes: findTextBoxes({ values, width, height }, picture), textPeak, factor }
}

/** Puts the core of a band where it belongs in the map of the whole; gives its highest value. */
function copyCore(found: Float32Array, input: DetectorInput, into: Float32Array, width: number): number {
  const { core, coreAt } = input
  let peak = 0
  for (let row = 0; row < core.height; row++) {
    const from = (coreAt.y + row) * input.width + coreAt.x
    const line = found.subarray(from, from + core.width)
    for (const value of line) if (value > peak) peak = value
    into.set(line, (core.y + row) * width + core.x)
  }
  return peak
}
