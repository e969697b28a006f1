import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import type { Clock } from '#services/contract/clock'
import type { Config } from '#services/config/schema'
import { createIndexes, type Indexes } from '#services/router/retrieve/indexes'
import { createIngests, type Ingests } from '#services/router/retrieve/ingests'
import { createAnswerCache, type AnswerCache } from '#services/router/cache/answer-cache'
import { createCacheMetrics } from '#services/router/cache/cache-metrics'
import { createLikeQuestions } from '#services/router/cache/like-questions'
import { createRetrieve, type RetrieveDependencies } from '#services/router/retrieve/retrieve'
import type { LadderRegistry } from '#services/router/ladders/ladder-registry'
import type { RequestHandler, Stages } from '#services/router/pipeline/handle-request'
import type { Stores } from '../stores.ts'

/** Indexes, and putting documents into them. */
export interface Retrieval {
  readonly indexes: Indexes
  readonly ingests: Ingests
  readonly stages: Required<Pick<Stages<never>, 'retrieve' | 'findAnswer' | 'keepAnswer'>>
  readonly forgetAnswer: AnswerCache['forget']
}

/** What they are made from. */
export interface RetrievalParts {
  readonly stores: Pick<Stores, 'indexes' | 'batches' | 'files' | 'answers' | 'questions'>
  readonly ladders: Pick<LadderRegistry, 'find'>
  readonly guarding: { readonly passages: RetrieveDependencies['guardPassages'] }
  /** The handler that these stages are a part of. */
  readonly handler: () => Pick<RequestHandler, 'infer'>
  readonly background: (work: Promise<unknown>) => void
  readonly clock: Clock
  readonly logger: Logger
  readonly registry: Registry
}

/** Builds them. */
export function composeRetrieval(
  config: Config,
  { stores, ladders, guarding, handler, background, clock, logger, registry }: RetrievalParts,
): Retrieval {
  const embedders = embeddersOf(config)
  const indexes = createIndexes({ store: stores.indexes, handler, embedders })
  const likeQuestions = createLikeQuestions({
    store: stores.questions,
    handler,
    model: embedders[0],
    now: clock.now,
  })
  const looked = createCacheMetrics(registry)
  const cache = createAnswerCache({ ladders, store: stores.answers, likeQuestions, looked, background, clock, logger })
  return {
    indexes,
    stages: {
      retrieve: createRetrieve({ ladders, indexes, guardPassages: guarding.passages }),
      findAnswer: cache.find,
      keepAnswer: cache.keep,
    },
    forgetAnswer: cache.forget,
    ingests: createIngests({ batches: stores.batches, files: stores.files, indexes: stores.indexes }),
  }
}

/** Models that embed texts, those of ladders first. */
function embeddersOf({ models, ladders }: Config): readonly string[] {
  const rungs = Object.values(ladders).flatMap(({ task, modalities, rungs: all }) =>
    task === 'embed' && modalities.includes('text')
      ? all.map(rung => (typeof rung === 'string' ? rung : rung.model))
      : [],
  )
  const others = Object.entries(models).flatMap(([name, { tasks, modalities }]) =>
    tasks.includes('embed') && modalities.includes('text') ? name : [],
  )
  return [...new Set([...rungs, ...others])]
}
