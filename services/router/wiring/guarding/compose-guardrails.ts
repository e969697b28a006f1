import { performance } from 'node:perf_hooks'
import type { Registry } from 'prom-client'
import type { Config } from '#services/config/schema'
import { isGatewayError } from '#services/contract/errors'
import type { Cascade } from '#services/router/cascade/cascade'
import { createGuardrailMetrics } from '#services/router/guardrails/guardrail-metrics'
import { createGuardrails, type Guardrails } from '#services/router/guardrails/guardrails'
import type { LadderRegistry } from '#services/router/ladders/ladder-registry'
import type { AnswerGuard } from '#services/router/request/answer-guard'
import type { Admitted } from '#services/router/request/states'

/** Guardrails as a stage of requests, and as what checks answers in cascades. */
export interface Guarding {
  readonly stages: { readonly guard: (admitted: Admitted) => Admitted }
  readonly passages: Guardrails['passages']
  readonly legs: { readonly guardOf: (request: Cascade['request']) => AnswerGuard | undefined }
}

/** Builds them. */
export function composeGuardrails(
  { guardrails }: Config,
  { ladders, registry }: { readonly ladders: LadderRegistry; readonly registry: Registry },
): Guarding {
  const { sets, default: usual, ...assigned } = guardrails
  const guards = createGuardrails(
    {
      sets: Object.entries(sets).map(([name, set]) => ({ name, ...set })),
      ...(usual === undefined ? {} : { default: usual }),
      ...assigned,
    },
    {
      metrics: createGuardrailMetrics(registry),
      elapsed: () => performance.now(),
      ladderOf: admitted => ladderNameOf(admitted, ladders),
    },
  )
  return { stages: { guard: guards.before }, passages: guards.passages, legs: { guardOf: guards.after } }
}

/** The ladder that will take the request; a request that none takes is refused by a later stage. */
function ladderNameOf({ request, modalities }: Admitted, ladders: LadderRegistry): string | undefined {
  const { task, constraints } = request
  try {
    const { ladder } = ladders.find({
      task,
      modalities,
      ...(constraints.model === undefined ? {} : { pinnedModel: constraints.model }),
      ...(constraints.ladder === undefined ? {} : { ladder: constraints.ladder }),
    })
    return ladder.name
  } catch (error) {
    if (isGatewayError(error)) return undefined
    throw error
  }
}
