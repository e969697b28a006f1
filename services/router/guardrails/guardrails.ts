import { GatewayError } from '#services/contract/errors'
import type { GuardrailCheck, GuardrailFlag } from '#services/contract/request'
import type { CascadeRequest } from '#services/state/cascade-log/cascade-log'
import type { AnswerGuard } from '#services/router/request/answer-guard'
import type { Passage } from '#services/contract/retrieval/evidence'
import type { Admitted } from '#services/router/request/states'
import { createAnswerGuard, type GuardAnswerDependencies } from './guard-answer.ts'
import { guardRequest, type GuardedRequest } from './guard-request.ts'
import { guardPassages, type GuardedPassages } from './guard-passages.ts'
import { armSet, type GuardrailSet, type GuardrailSetOptions } from './guardrail-set.ts'

/** Which sets there are, and which is in force where: a tenant's goes before its ladder's, that before the default. */
export interface GuardrailsOptions {
  readonly sets: readonly GuardrailSetOptions[]
  readonly default?: string
  readonly ladders: Readonly<Record<string, string>>
  readonly tenants: Readonly<Record<string, string>>
}

/** What they need. */
export interface GuardrailsDependencies extends GuardAnswerDependencies {
  /** Name of the ladder that takes a request; `undefined` where none does. */
  readonly ladderOf: (admitted: Admitted) => string | undefined
}

/** The guardrails of a router. */
export interface Guardrails {
  /**
   * Checks a request before anything is estimated or asked.
   * @throws GatewayError InvalidRequest when a check refuses it, Overloaded when it cannot be checked
   */
  before(admitted: Admitted): Admitted
  /**
   * Checks what was found for a request that `before` has seen. A passage that a check refuses is left out.
   * @throws GatewayError Overloaded when they cannot be checked
   */
  passages(admitted: Admitted, passages: readonly Passage[]): GuardedPassages
  /** What checks the answers to a request. */
  after(request: Pick<CascadeRequest, 'guard'>): AnswerGuard | undefined
}

/** Makes them. */
export function createGuardrails(options: GuardrailsOptions, dependencies: GuardrailsDependencies): Guardrails {
  const { metrics, elapsed, ladderOf } = dependencies
  const sets = new Map(options.sets.map(set => [set.name, armSet(set)]))
  const setOf = (admitted: Admitted): GuardrailSet | undefined => {
    const ladder = ladderOf(admitted)
    const name =
      options.tenants[admitted.caller.tenant] ??
      (ladder === undefined ? undefined : options.ladders[ladder]) ??
      options.default
    return name === undefined ? undefined : sets.get(name)
  }

  const guarded = (admitted: Admitted, set: GuardrailSet): GuardedRequest => {
    const startedAt = elapsed()
    try {
      return guardRequest(admitted, set)
    } catch {
      // The check's own words may quote the content.
      metrics.failed('before', set.onFault)
      if (set.onFault === 'closed') throw uncheckable()
      return { admitted, found: new Set(), restore: {} }
    } finally {
      metrics.checked('before', elapsed() - startedAt)
    }
  }

  return {
    before(admitted) {
      const set = sets.size === 0 ? undefined : setOf(admitted)
      if (set === undefined) return admitted
      const { admitted: rewritten, found, restore } = guarded(admitted, set)
      const acting = set.before.filter(({ check }) => found.has(check))
      for (const { check, action } of acting) metrics.found('before', check, action)
      const refusing = acting.find(({ action }) => action === 'refuse')
      if (refusing !== undefined) throw refusedBefore(admitted, refusing.check)
      const flags = acting.flatMap(({ check, action }): GuardrailFlag[] =>
        action === 'flag' || action === 'route' ? [`before:${check}`] : [],
      )
      const tier = acting.find(({ action }) => action === 'route')?.tier
      return {
        ...rewritten,
        request:
          tier === undefined
            ? rewritten.request
            : { ...rewritten.request, constraints: { ...rewritten.request.constraints, tier } },
        guard: {
          set: set.name,
          ...(Object.keys(restore).length === 0 ? {} : { restore }),
          ...(flags.length === 0 ? {} : { flags }),
        },
      }
    },
    passages(admitted, passages) {
      const set = admitted.guard === undefined ? undefined : sets.get(admitted.guard.set)
      if (set === undefined || passages.length === 0) return { admitted, shown: passages, kept: passages }
      const startedAt = elapsed()
      try {
        return guardPassages(admitted, passages, set, metrics)
      } catch {
        // The check's own words may quote the content.
        metrics.failed('passages', set.onFault)
        if (set.onFault === 'closed') throw uncheckable()
        return { admitted, shown: passages, kept: passages }
      } finally {
        metrics.checked('passages', elapsed() - startedAt)
      }
    },
    after({ guard }) {
      const set = guard === undefined ? undefined : sets.get(guard.set)
      return guard === undefined || set === undefined ? undefined : createAnswerGuard(set, guard, dependencies)
    },
  }
}

function refusedBefore({ requestId }: Admitted, check: GuardrailCheck): GatewayError {
  return new GatewayError('InvalidRequest', `the guardrail ${check} refuses the request`, {
    stage: 'guard',
    reason: 'CONTENT_FILTER',
    metadata: { guardrail: check, requestId },
  })
}

function uncheckable(): GatewayError {
  return new GatewayError('Overloaded', 'a guardrail could not check the request', {
    stage: 'guard',
    reason: 'GUARDRAIL_FAILED',
    retryAfterMs: 1000,
  })
}
