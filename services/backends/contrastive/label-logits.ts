import { interpretLogits, type Labelling } from '../answers/interpret-logits.ts'
import type { UnitVector } from './contrastive-model.ts'

/** How cosines become logits. */
export interface LogitScale {
  readonly logitScale: number
  /** Absent where the model compares labels with each other alone. */
  readonly logitBias?: number
}

/**
 * The labels of a picture, best first, with probabilities that sum to 1 over the given labels. `cosine` of the best
 * tells whether any fits; `match`, of models with a bias, is the probability of a sigmoid that the best does.
 * @source CLIP, section 2.3; SigLIP, section 3.2
 */
export function labelLogits(
  picture: UnitVector,
  names: readonly string[],
  vectorOf: (label: string) => UnitVector,
  { logitScale, logitBias }: LogitScale,
): Labelling {
  const cosines = names.map(name => {
    const label = vectorOf(name)
    return picture.reduce((sum, value, at) => sum + value * label[at]!, 0)
  })
  const labelling = interpretLogits(
    names,
    Float32Array.from(cosines, cosine => cosine * logitScale),
  )
  const cosine = Math.max(...cosines)
  const match = logitBias === undefined ? {} : { match: 1 / (1 + Math.exp(-(cosine * logitScale + logitBias))) }
  return { ...labelling, signals: { ...labelling.signals, cosine, ...match } }
}
