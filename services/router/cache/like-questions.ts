import { isGatewayError } from '#services/contract/errors'
import { sameQuestion } from '#services/decision/same-question/same-question'
import { embeddingOf, embedRequest } from '#services/router/retrieve/embed-text'
import { deliver } from '#services/router/deliver/deliver'
import type { RequestHandler } from '#services/router/pipeline/handle-request'
import type { Incoming, Reserved } from '#services/router/request/states'
import type { IndexStore } from '#services/state/index/index-store'
import type { CacheScope } from './cache-scope.ts'

/** Questions that were asked before, found by their meaning. */
export interface LikeQuestions {
  /** The one that most likely has the same answer, with that probability. */
  find(incoming: Incoming, asked: Asked, signal: AbortSignal): Promise<LikeQuestion | undefined>
  keep(reserved: Reserved, asked: Asked, untilAt: number): Promise<void>
}

/** A question in its scope. */
export type Asked = CacheScope & { readonly question: string }

/** A question that was asked before. */
export interface LikeQuestion {
  readonly key: string
  readonly probability: number
}

/** What they stand on. */
export interface LikeQuestionsDependencies {
  /** Indexes apart from those of callers. */
  readonly store: IndexStore
  readonly handler: () => Pick<RequestHandler, 'infer'>
  /** Model whose vectors are compared; absent where there is none. */
  readonly model?: string | undefined
  readonly now: () => number
}

/** Number of nearest questions that are compared. */
const looked = 5
/** Vectors of questions whose answers are on their way. */
const mostAwaited = 10_000

/** Makes them: one index a scope, so that neither tenant, policy, options nor index versions mix. */
export function createLikeQuestions({ store, handler, model, now }: LikeQuestionsDependencies): LikeQuestions {
  /** Of lookups that found nothing, so that keeping their answers asks no model again. */
  const awaited = new Map<string, { readonly vector: Float32Array; readonly space: string }>()

  return {
    async find({ request: _request, mode: _mode, ...context }, { key, scope, question }, signal) {
      if (model === undefined) return undefined
      const request = embedRequest(question, model, { priority: 'normal' })
      const embedded = embeddingOf(deliver(await handler().infer({ ...context, request, mode: 'sync' }, signal)))
      if (awaited.size >= mostAwaited) awaited.clear()
      awaited.set(`${context.caller.tenant} ${key}`, embedded)
      const name = nameOf(scope, embedded.space)
      const conditions = [{ field: 'until', atLeast: now() }]
      const hits = await store
        .search(context.caller.tenant, name, { vector: embedded.vector, conditions, limit: looked })
        .catch(unlessThere)
      const likely = (hits ?? []).map(({ documentId, text, similarity = 0 }) => ({
        key: documentId,
        probability: sameQuestion(question, text, similarity),
      }))
      return likely.toSorted((one, other) => other.probability - one.probability)[0]
    },
    async keep({ caller: { tenant } }, { key, scope, question }, untilAt) {
      const embedded = awaited.get(`${tenant} ${key}`)
      if (embedded === undefined || model === undefined) return
      awaited.delete(`${tenant} ${key}`)
      const { vector, space } = embedded
      const name = nameOf(scope, space)
      const spec = { tenant, name, model, space, dimensions: vector.length, chunkCharacters: question.length }
      if ((await store.find(tenant, name)) === undefined) await store.create(spec).catch(unlessThere)
      const document = { documentId: key, metadata: { until: untilAt }, chunks: [{ text: question, vector }] }
      try {
        await store.put(tenant, name, { ...document, orderedAt: now() })
      } catch (error) {
        // A scope that is full starts empty again.
        if (!isGatewayError(error) || error.code !== 'TooLarge') throw error
        await store.drop(tenant, name)
      }
    },
  }
}

function nameOf(scope: string, space: string): string {
  return `${scope}.${space}`
}

function unlessThere(error: unknown): undefined {
  if (isGatewayError(error) && (error.code === 'NotFound' || error.code === 'AlreadyExists')) return undefined
  throw error
}
