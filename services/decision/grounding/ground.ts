import type { Evidence, Grounding } from '#services/contract/retrieval/evidence'
import { citationsIn, groundingFeatures, type GroundingFeatures } from './grounding-features.ts'
import { answeredWeights, abstainedWeights, type Weights } from './grounding-weights.ts'

/** Support of an answer by its evidence, with the signals for policies. */
export interface Grounded {
  readonly grounding: Grounding
  readonly signals: Readonly<Record<string, number>>
}

/** Looks at an answer beside its evidence. Pure. */
export function ground(answer: string, evidence: Evidence): Grounded {
  const features = groundingFeatures(answer, evidence)
  const support = supportOf(features)
  const { passages } = evidence
  const citations = citationsIn(answer, passages.length).flatMap(number => {
    const passage = passages[number - 1]
    if (passage === undefined) return []
    const { documentId, chunk, title, locator } = passage
    return [
      {
        number,
        documentId,
        chunk,
        ...(title === undefined ? {} : { title }),
        ...(locator === undefined ? {} : { locator }),
      },
    ]
  })
  const named = Object.entries(features).map(([name, value]) => [`grounding_${name}`, value] as const)
  return {
    grounding: { support, isUngrounded: support < 0.5, citations },
    signals: { ...Object.fromEntries(named), grounding_support: support },
  }
}

/** The calibrated probability that an answer follows from its evidence. */
function supportOf(features: GroundingFeatures): number {
  return logistic(features['abstains'] === 1 ? abstainedWeights : answeredWeights, features)
}

function logistic({ constant, ...weights }: Weights, features: GroundingFeatures): number {
  const sum = Object.entries(weights).reduce(
    (total, [name, weight]) => total + weight * (features[name] ?? 0),
    constant,
  )
  return 1 / (1 + Math.exp(-sum))
}
