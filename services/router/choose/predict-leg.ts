import type { Task, TaskOptions } from '#services/contract/content'
import type { Rung } from '#services/contract/model'
import {
  guessService,
  leastServiceMs,
  type LegWork,
  type ServiceForecast,
} from '#services/state/service-times/predict-service'
import { outputCapOf, type Workload } from '#services/state/service-times/workload'
import { expectedOutput } from '#services/state/service-times/service-times'
import type { Estimate, ModelEstimate } from '#services/decision/policy/policy'
import type { Job } from '#services/state/queue/job'
import type { Fleet } from '#services/router/pools/fleet'

/** What a leg's service time is predicted from. */
export interface PredictInput {
  readonly task: Task
  readonly options: TaskOptions
  readonly work: Workload
  readonly estimate: Estimate
}

/** Characters of a token of English. */
const charactersPerToken = 4

/** Without a measurement or a policy, the prediction does not exclude a rung. */
const unknown: ServiceForecast = { meanMs: 0, deviationMs: 0, quantileMs: () => 0, weight: 0 }

/** Predicts how long a rung will be at work on an input: by what it took lately, else by what its policy knows. */
export function predictService(
  fleet: Pick<Fleet, 'service'>,
  { name, model, recipe }: Rung,
  { task, options, work, estimate }: PredictInput,
): ServiceForecast {
  const estimated = estimate.models[name]
  const outputCap = outputCapOf(task, options, recipe)
  const guessed = guessedTokens(estimated)
  const leg: LegWork = {
    work,
    ...(outputCap === undefined ? {} : { outputCap }),
    ...(outputCap === undefined || guessed === undefined ? {} : { outputTokens: Math.min(outputCap, guessed) }),
  }
  const measured = fleet.service(model.pool, name, leg)
  if (measured !== undefined) return measured
  return estimated?.latencyMs === undefined ? unknown : guessService(task, estimated.latencyMs, leg)
}

/**
 * Output tokens that a rung's answer is expected to have: as measured, else as its policy's rows had; `undefined`
 * where a task writes none.
 */
export function expectedOutputTokens(
  { name, recipe }: Rung,
  { task, options, estimate }: PredictInput,
  { outputTokens }: ServiceForecast,
): number | undefined {
  const cap = outputCapOf(task, options, recipe)
  if (cap === undefined || outputTokens !== undefined) return outputTokens
  return Math.round(expectedOutput(cap, [], guessedTokens(estimate.models[name])))
}

function guessedTokens(estimated: ModelEstimate | undefined): number | undefined {
  return estimated?.outputChars === undefined ? undefined : estimated.outputChars / charactersPerToken
}

/** A leg that starts so late that fewer than this share of its like would end in time is not begun. */
const hopelessRatio = 0.1

/** A job's place in the queue. */
export type PredictedPlace = Pick<Job, 'serviceMs' | 'weight' | 'latestStartAt'>

/** Predicts a leg's place in the queue: the work that it is, and until when it may start. */
export type PredictLeg = (
  rung: Rung,
  input: PredictInput & { readonly tenant: string; readonly deadlineAt: number },
) => PredictedPlace

/** Makes the prediction. */
export function createPredictLeg(fleet: Fleet, weights: Readonly<Record<string, number>>): PredictLeg {
  return (rung, input) => {
    const weight = weights[input.tenant] ?? 1
    const service = predictService(fleet, rung, input)
    if (service.meanMs === 0) return { weight }
    return {
      weight,
      serviceMs: service.meanMs,
      latestStartAt: input.deadlineAt - leastServiceMs(service, hopelessRatio),
    }
  }
}
