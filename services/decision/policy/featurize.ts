import { withoutCourtesy } from '#services/decision/features/without-courtesy'
import { describeText } from '#services/decision/features/describe-text'
import { hashGrams, type HashedGrams } from '#services/decision/features/hash-grams'
import type { EstimatorInput } from './small-graph.ts'
import type { PartDescription } from './policy.ts'

/**
 * Named features of a whole input: those of each medium under its name, texts taken together. Pure; every value is
 * finite.
 */
export function featuresOf(parts: readonly PartDescription[]): Readonly<Record<string, number>> {
  const features: Record<string, number> = {}
  const text = textOf(parts)
  if (text !== undefined) add(features, 'text', describeText(text))
  for (const kind of ['image', 'audio', 'video'] as const) {
    const media = parts.filter(part => part.kind === kind)
    if (media.length === 0) continue
    features[`${kind}.count`] = media.length
    for (const one of media) if ('features' in one) add(features, kind, one.features)
  }
  for (const part of parts) if (part.kind === 'conversation') add(features, part.kind, part.features)
  return features
}

/**
 * All words of an input, those in and beside pictures too, without words of courtesy before them; `undefined` where
 * there are none.
 */
export function textOf(parts: readonly PartDescription[]): string | undefined {
  const texts = parts.flatMap(part =>
    part.kind === 'text' ? part.text : part.kind === 'image' ? (part.text ?? []) : [],
  )
  return texts.length === 0 ? undefined : withoutCourtesy(texts.join('\n'))
}

/** What an estimator is given of an input, all but its vector of meaning; `grams` are those of its words. Pure. */
export function estimatorInput(
  features: Readonly<Record<string, number>>,
  grams: HashedGrams | undefined,
  estimator: Parameters<typeof standardise>[1] & { readonly grams: boolean },
): EstimatorInput {
  const dense = standardise(features, estimator)
  if (!estimator.grams) return { features: dense }
  return { features: dense, grams: grams ?? hashGrams('') }
}

/** Of several media of a kind, the largest value of each sign counts: the hardest one decides. */
function add(features: Record<string, number>, kind: string, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isFinite(value)) continue
    const key = `${kind}.${name}`
    features[key] = Math.max(features[key] ?? -Infinity, value)
  }
}

/**
 * Features in the order of a model that was fitted on them, standardised: float32 [names]. What the input has not
 * is the mean; names that start with `=` (an answer's label) are 0 where they are absent.
 */
export function standardise(
  features: Readonly<Record<string, number>>,
  scaling: { readonly names: readonly string[]; readonly means: readonly number[]; readonly scales: readonly number[] },
): Float32Array {
  const { names, means, scales } = scaling
  const standard = new Float32Array(names.length)
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index]!
    const value = features[name] ?? (name.startsWith('=') ? 0 : undefined)
    if (value === undefined || !Number.isFinite(value)) continue
    standard[index] = standardised(value, means[index] ?? 0, scales[index] ?? 1)
  }
  return standard
}

/** A number in units of its scale from its mean. */
export function standardised(value: number, mean: number, scale: number): number {
  return Math.max(-widest, Math.min(widest, (value - mean) / scale))
}

/** Inputs unlike any that were fitted on are taken for the most extreme of those. */
const widest = 4
