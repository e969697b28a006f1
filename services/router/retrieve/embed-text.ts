import type { Answer } from '#services/contract/answer'
import { GatewayError } from '#services/contract/errors'
import type { InferenceRequest, RequestConstraints } from '#services/contract/request'
import type { IndexSpec } from '#services/state/index/index-store'

/** What an index compares. */
export interface Embedding {
  readonly vector: Float32Array
  readonly space: string
}

/** The request for the vector of a text. */
export function embedRequest(
  text: string,
  model: string,
  constraints: Omit<RequestConstraints, 'model' | 'ladder'>,
): InferenceRequest {
  return {
    task: 'embed',
    parts: [{ kind: 'text', text }],
    options: {},
    constraints: { ...constraints, model },
    labels: {},
  }
}

/** The vector that an answer gives. @throws GatewayError NoModel where it gives none */
export function embeddingOf({ output }: Answer): Embedding {
  if (output.kind === 'embedding') return { vector: Float32Array.from(output.values), space: output.space }
  throw new GatewayError('NoModel', 'model: it does not answer with an embedding', { reason: 'NO_MODEL_EMBEDDING' })
}

/**
 * The vector, if it is of the index's space.
 * @throws GatewayError NoModel where the model was changed since the index was made
 */
export function embeddingFor({ model, space, dimensions }: IndexSpec, answer: Answer): Float32Array {
  const embedding = embeddingOf(answer)
  if (embedding.space === space && embedding.vector.length === dimensions) return embedding.vector
  throw new GatewayError('NoModel', `the model ${model} has another space than the index: create the index again`, {
    reason: 'INDEX_SPACE_CHANGED',
  })
}
