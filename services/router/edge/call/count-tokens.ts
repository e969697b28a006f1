import type { Logger } from 'pino'
import { isWords } from '#services/contract/content'
import { legIdOf } from '#services/contract/ids'
import type { Rung } from '#services/contract/model'
import { withoutAbsent } from '#services/contract/without-absent'
import type { TokenCounter } from '#services/backends/tokens/token-counter'
import type { LoadedPart, Work } from '#services/backends/work'
import type { RequestHandler } from '#services/router/pipeline/handle-request'
import type { Chosen, FilterName, Incoming } from '#services/router/request/states'

/** The input tokens of a request at one rung. */
export interface RungCount {
  readonly rung: Rung
  readonly tokens: number
  /** Counted by the model's own tokenizer or provider; else estimated by the size of the words. */
  readonly exact: boolean
}

/** Counts of every rung that takes the request, and which would be asked first. */
export interface RequestCount {
  readonly counts: readonly RungCount[]
  readonly first: string
}

/** Counts the input tokens of a request, at every rung or at the one that would be asked first. @throws GatewayError */
export type CountTokens = (incoming: Incoming, signal: AbortSignal, which: 'all' | 'first') => Promise<RequestCount>

/** What counting needs. */
export interface CountTokensDependencies {
  readonly handler: Pick<RequestHandler, 'explain'>
  /** The counter of a model by its name; `undefined` where it has none. */
  readonly counterOf: (model: string) => Promise<TokenCounter | undefined>
  readonly logger: Logger
}

/** Filters on what a model accepts; the others are on whether it can be called now. */
const lacking: ReadonlySet<FilterName | undefined> = new Set<FilterName>(['pin', 'modality', 'capability', 'adapter'])

/** Makes it. What a model cannot count, or not now, is estimated. */
export function createCountTokens({ handler, counterOf, logger }: CountTokensDependencies): CountTokens {
  const countAt = async (rung: Rung, chosen: Chosen, signal: AbortSignal): Promise<RungCount> => {
    try {
      const counter = chosen.request.task === 'generate' ? await counterOf(rung.model.name) : undefined
      if (counter !== undefined) return { rung, tokens: await counter.count(workOf(rung, chosen), signal), exact: true }
    } catch (error) {
      if (signal.aborted) throw error
      logger.debug({ err: error, rung: rung.name }, 'tokens could not be counted, and are estimated')
    }
    return { rung, tokens: chosen.work.inputTokens, exact: false }
  }
  return async (incoming, signal, which) => {
    const chosen = await handler.explain(incoming, signal)
    const first = chosen.firstStep.model
    const rungs = chosen.candidateRungs
      .filter(({ rung, removedBy }) => (which === 'all' ? !lacking.has(removedBy) : rung.name === first))
      .map(({ rung }) => rung)
    return { first, counts: await Promise.all(rungs.map(rung => countAt(rung, chosen, signal))) }
  }
}

/** A leg as it would be sent. */
function workOf({ model, recipe }: Rung, { requestId, request, parts, caller, deadlineAt }: Chosen): Work {
  const { task, options, messages } = request
  return {
    legId: legIdOf(requestId, 0),
    attempt: 1,
    model: model.name,
    tenant: caller.tenant,
    recipe,
    task,
    options,
    parts: parts.map((part): LoadedPart => {
      if (isWords(part)) return part
      const { kind, bytes, mediaType, cachePoint } = part
      return { kind, bytes, mediaType, ...withoutAbsent({ cachePoint }) }
    }),
    deadlineAt,
    streaming: false,
    ...withoutAbsent({ messages }),
  }
}
