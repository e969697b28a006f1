import type { Passage, RetrievalOptions } from '#services/contract/retrieval/evidence'
import type { LadderRegistry } from '#services/router/ladders/ladder-registry'
import type { Admitted, Incoming } from '#services/router/request/states'
import { addEvidence, questionOf } from './add-evidence.ts'
import type { Indexes } from './indexes.ts'

/**
 * Shows a request the passages that its question finds, where the request or its ladder names an index.
 * @throws GatewayError NotFound where the tenant has no such index, and what embedding the question ends in
 */
export type Retrieve = (incoming: Incoming, admitted: Admitted, signal: AbortSignal) => Promise<Admitted>

const usualPassages = 4
/** Longer questions are found by their beginning: a model reads no more. */
const longestQuestion = 2000

/** What it stands on. */
export interface RetrieveDependencies {
  readonly ladders: Pick<LadderRegistry, 'find'>
  readonly indexes: Pick<Indexes, 'search'>
  /** What a model may see of what was found, and what answers are held to. @throws GatewayError */
  readonly guardPassages: (
    admitted: Admitted,
    passages: readonly Passage[],
  ) => { readonly admitted: Admitted; readonly shown: readonly Passage[]; readonly kept: readonly Passage[] }
}

/** Makes the stage. */
export function createRetrieve({ ladders, indexes, guardPassages }: RetrieveDependencies): Retrieve {
  const wantedBy = ({ request, modalities }: Admitted): RetrievalOptions | undefined => {
    if (request.task !== 'generate' || request.options.retrieval !== undefined) return request.options.retrieval
    const { model, ladder } = request.constraints
    return ladders.find({
      task: request.task,
      modalities,
      ...(model === undefined ? {} : { pinnedModel: model }),
      ...(ladder === undefined ? {} : { ladder }),
    }).ladder.retrieve
  }
  return async (incoming, admitted, signal) => {
    const wanted = wantedBy(admitted)
    if (wanted === undefined) return admitted
    const question = questionOf(admitted)
    if (question.trim() === '') return admitted
    const { request: _request, mode: _mode, ...context } = incoming
    const { hits, index } = await indexes.search(
      {
        name: wanted.index,
        text: question.slice(0, longestQuestion),
        conditions: [],
        limit: wanted.passages ?? usualPassages,
        priority: admitted.request.constraints.priority,
      },
      { ...context, callDeadlineAt: admitted.deadlineAt, signal },
    )
    const passages = hits.map(({ documentId, chunk, title, locator, text, similarity }) => ({
      documentId,
      chunk,
      ...(title === undefined ? {} : { title }),
      ...(locator === undefined ? {} : { locator }),
      text,
      ...(similarity === undefined ? {} : { similarity }),
    }))
    const indexVersion = `${index.indexId}.${index.version}`
    const { admitted: guarded, shown, kept } = guardPassages(admitted, passages)
    return addEvidence(guarded, { question, index: wanted.index, indexVersion, passages: kept }, shown)
  }
}
