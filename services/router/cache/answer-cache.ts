import type { Logger } from 'pino'
import type { Answer, RungReport } from '#services/contract/answer'
import type { Clock } from '#services/contract/clock'
import type { RequestId } from '#services/contract/ids'
import type { LadderCache } from '#services/contract/model'
import type { LadderRegistry } from '#services/router/ladders/ladder-registry'
import type { Admitted, Finished, GuidedLadder, Incoming, Reserved } from '#services/router/request/states'
import type { AnswerStore, KeptAnswer } from '#services/state/answers/answer-store'
import { cacheScopeOf, type CacheScope } from './cache-scope.ts'
import { finishedFrom } from './finished-from-cache.ts'
import type { LikeQuestion, LikeQuestions } from './like-questions.ts'

/** Answers that are given again. */
export interface AnswerCache {
  /** The answer to the same request, or to one that differs in words alone; `undefined` where none is trusted. */
  find(incoming: Incoming, admitted: Admitted, signal: AbortSignal): Promise<Finished | undefined>
  /** Keeps an answer behind the caller's back. */
  keep(reserved: Reserved, finished: Finished): void
  /** An answer was found wrong: it is given no more. False where none was kept. */
  forget(tenant: string, requestId: RequestId): Promise<boolean>
}

/** Its dependencies. */
export interface AnswerCacheDependencies {
  readonly ladders: Pick<LadderRegistry, 'find'>
  readonly store: AnswerStore
  readonly likeQuestions: LikeQuestions
  readonly looked: (outcome: CacheOutcome, savedNanoUsd: number) => void
  readonly background: (work: Promise<unknown>) => void
  readonly clock: Clock
  readonly logger: Logger
}

/** The result of a lookup: `near` is a question that is not trusted to be the same. */
export type CacheOutcome = 'exact' | 'semantic' | 'near' | 'miss'

/** Makes it. A cache that is away is no reason to fail a request. */
export function createAnswerCache(dependencies: AnswerCacheDependencies): AnswerCache {
  const { ladders, store, likeQuestions, looked, background, clock, logger } = dependencies
  const unlessAway = async <Result>(work: Promise<Result>): Promise<Result | undefined> => {
    try {
      return await work
    } catch (error) {
      logger.warn({ err: error }, 'the cache of answers could not be used')
      return undefined
    }
  }
  const guidedOf = ({ request, modalities }: Admitted): GuidedLadder => {
    const { model, ladder } = request.constraints
    const pinned = {
      ...(model === undefined ? {} : { pinnedModel: model }),
      ...(ladder === undefined ? {} : { ladder }),
    }
    return ladders.find({ task: request.task, modalities, ...pinned })
  }
  const give = (admitted: Admitted, kept: KeptAnswer, by: { readonly reason: string; readonly share: number }) => {
    const { answer } = kept
    const confidence = answer.confidence * by.share
    const report: RungReport = {
      model: 'cache',
      tier: 'cache',
      verdict: 'accepted',
      reason: by.reason,
      confidence,
      costNanoUsd: 0,
      latencyMs: clock.now() - admitted.submittedAt,
      usage: {},
    }
    const given: Answer = {
      ...answer,
      confidence,
      rungs: [report],
      costNanoUsd: 0,
      usage: {},
      latencyMs: report.latencyMs,
    }
    return finishedFrom(admitted, given, clock.now())
  }

  const exact = async (admitted: Admitted, { key }: CacheScope, cache: LadderCache): Promise<Finished | undefined> => {
    const { tenant } = admitted.caller
    const kept = await store.find(tenant, key)
    if (kept === undefined || !isEnough(admitted, kept.answer.confidence, 1)) return undefined
    await store.attribute(tenant, admitted.requestId, key, cache.ttlSeconds * 1000)
    looked('exact', kept.answer.costNanoUsd)
    return give(admitted, kept, { reason: 'the same request', share: 1 })
  }
  const like = async (
    admitted: Admitted,
    { semantic, ttlSeconds }: LadderCache,
    found: LikeQuestion | undefined,
  ): Promise<Finished | undefined> => {
    if (semantic === undefined || found === undefined) return undefined
    const kept = await store.find(admitted.caller.tenant, found.key)
    const { probability } = found
    const confidence = (kept?.answer.confidence ?? 0) * probability
    if (kept === undefined || probability < semantic.leastProbability || !isEnough(admitted, confidence, probability)) {
      return undefined
    }
    await store.attribute(admitted.caller.tenant, admitted.requestId, found.key, ttlSeconds * 1000)
    looked('semantic', kept.answer.costNanoUsd)
    return give(admitted, kept, { reason: `the same question with ${probability.toFixed(4)}`, share: probability })
  }

  const write = async (reserved: Reserved, finished: Finished, cache: LadderCache): Promise<void> => {
    const scope = cacheScopeOf(reserved, reserved.guided)
    if (scope === undefined || finished.end.kind !== 'answered') return
    const { tenant } = reserved.caller
    const ttlMs = cache.ttlSeconds * 1000
    const { answer } = finished.end
    const { requestId } = finished
    const question = scope.question === undefined ? {} : { question: scope.question }
    await store.keep(tenant, scope.key, { requestId, answer, ...question, keptAt: clock.now() }, ttlMs)
    await store.attribute(tenant, requestId, scope.key, ttlMs)
    if (cache.semantic === undefined || scope.question === undefined) return
    await likeQuestions.keep(reserved, { ...scope, question: scope.question }, clock.now() + ttlMs)
  }

  return {
    async find(incoming, admitted, signal) {
      const guided = guidedOf(admitted)
      const { cache } = guided.ladder
      const scope = cacheScopeOf(admitted, guided)
      if (scope === undefined || cache === undefined) return undefined
      let found: LikeQuestion | undefined
      const nearest = async (): Promise<LikeQuestion | undefined> =>
        cache.semantic === undefined || scope.question === undefined
          ? undefined
          : (found = await likeQuestions.find(incoming, { ...scope, question: scope.question }, signal))
      const work = async (): Promise<Finished | undefined> =>
        (await exact(admitted, scope, cache)) ?? like(admitted, cache, await nearest())
      const finished = await unlessAway(work())
      if (finished === undefined) looked(found === undefined ? 'miss' : 'near', 0)
      return finished
    },
    keep(reserved, finished) {
      const { cache } = reserved.guided.ladder
      if (cache !== undefined && isWorthKeeping(finished)) background(unlessAway(write(reserved, finished, cache)))
    },
    async forget(tenant, requestId) {
      return (await unlessAway(store.forget(tenant, requestId))) !== undefined
    },
  }
}

/** Limits of the request hold for kept answers too. */
function isEnough({ request }: Admitted, confidence: number, probability: number): boolean {
  const { minQuality = 0, maxRisk = 1 } = request.constraints
  return confidence >= minQuality && 1 - probability <= maxRisk
}

/** Whole answers that were wanted as they are. */
function isWorthKeeping({ end }: Finished): boolean {
  if (end.kind !== 'answered') return false
  const { output, degraded, grounding } = end.answer
  if (degraded !== undefined || grounding?.isUngrounded === true || output.kind === 'image') return false
  return output.kind !== 'text' || (output.toolCalls === undefined && output.finishReason !== 'length')
}
