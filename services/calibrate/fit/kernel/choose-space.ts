import type { EncoderIdentity, TextEncoder } from '#services/decision/encoder/text-encoder'
import { textOf } from '#services/decision/policy/featurize'
import { createSpace, evaluateShape, prepareRows, type EstimatorSpace, type FeaturedRow } from './fit-estimator.ts'

/** Less than this is not worth the milliseconds of an encoder. */
const leastEncoderGain = 0.002

/** How a space is chosen. */
export interface SpaceOptions {
  readonly seed: number
  /** Gives an encoder where one is at hand. */
  readonly openEncoder?: (() => Promise<TextEncoder | undefined>) | undefined
  /** Rows that the choice is made on, at most. */
  readonly mostEvaluated?: number
}

/**
 * The space with an encoder where one is at hand, every row has text and it predicts better; else without. Whether
 * it does is seen on the rows that a shape is chosen on: encoding all the others is for an encoder that is used.
 */
export async function chooseSpace(
  rows: readonly FeaturedRow[],
  models: readonly string[],
  { seed, openEncoder, mostEvaluated }: SpaceOptions,
): Promise<{ space: EstimatorSpace; encoder?: EncoderIdentity; encoderGain?: number }> {
  const prepared = prepareRows(rows, models, seed, mostEvaluated)
  const plain = evaluateShape(prepared)
  const texts = rows.map(({ row }) => textOf(row.parts))
  const encoder = texts.every(text => text !== undefined) ? await openEncoder?.() : undefined
  if (encoder === undefined) return { space: createSpace(prepared, plain) }
  const embeddings = new Map<number, Float32Array>()
  const encode = async (places: readonly number[]): Promise<void> => {
    for (const at of places) if (!embeddings.has(at)) embeddings.set(at, await encoder.encode(texts[at] ?? ''))
  }
  await encode(prepared.evaluated)
  const evaluated = evaluateShape(prepared, embeddings)
  const encoderGain = 1 - evaluated.error / plain.error
  if (encoderGain < leastEncoderGain) return { space: createSpace(prepared, plain), encoderGain }
  await encode([...texts.keys()])
  return { space: createSpace(prepared, evaluated, embeddings), encoderGain, encoder: encoder.identity }
}
