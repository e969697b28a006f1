import type { Clock } from '#services/contract/clock'
import { fieldOfNeed, lackOf, needsOf } from '#services/contract/capabilities'
import { GatewayError, type FieldViolation } from '#services/contract/errors'
import { priorityRanks } from '#services/state/queue/job'
import { addNanoUsd } from '#services/contract/money'
import { priceAt } from '#services/contract/price'
import type { Step } from '#services/decision/policy/policy'
import { applyBackpressure } from '#services/router/ladders/backpressure'
import { limitsOf, nextStep } from '#services/router/ladders/next-step'
import { beginAt } from '#services/router/ladders/lock-ladder'
import { stableStep, type StableStep } from '#services/router/ladders/stable-choice'
import {
  lacksCapacity,
  runDeadlineOf,
  type Assessed,
  type Chosen,
  type CandidateRung,
  type FilterName,
} from '#services/router/request/states'
import type { EvaluateRungs } from './evaluate-rungs.ts'
import { filters } from './filters.ts'
import type { CandidateInput } from './candidate-input.ts'
import {
  boundsOf,
  mostExpensiveLeg,
  mostExpensiveReading,
  mostExpensivePath,
  mostExpensiveVerdict,
  mostComputeMs,
  mostTokensOf,
  sizesOf,
  type Sizes,
} from './worst-case-cost.ts'
import { workloadOf } from './workload-of.ts'

/** What choosing needs. */
export interface ChooseDependencies {
  readonly evaluateRungs: EvaluateRungs
  readonly clock: Clock
  /** Called for a rung that was refused for want of capacity alone. */
  readonly refused?: (rung: CandidateRung) => void
  /** Takes a try of a rung that its forecast keeps out; absent: none is tried. */
  readonly probe?: (one: CandidateRung) => boolean
  /** Whether this tenant's money is limited. */
  readonly isPaid: (tenant: string) => boolean
}

/**
 * Cuts the ladder to what may be called and decides the first step, without taking it.
 * @throws GatewayError NoModel, Deadline, BudgetExceeded, Overloaded when nothing is left
 */
export type Choose = (assessed: Assessed, mayProbe?: boolean) => Chosen

/** Makes the stage. */
export function createChoose({ evaluateRungs, clock, refused, isPaid, probe }: ChooseDependencies): Choose {
  return (assessed, mayProbe = false) => {
    const { request, deadlineAt } = assessed
    const { maxCostNanoUsd } = request.constraints
    const nowMs = clock.now()
    const sizes = sizesOf(assessed.parts, request.task)
    const work = workloadOf(assessed.parts, request.options)
    const paid = isPaid(assessed.caller.tenant)
    const seen = evaluateRungs(inputOf(assessed, { work, sizes, nowMs, isPaid: paid }))
    const candidateRungs = mayProbe && probe !== undefined ? withProbe(seen, probe) : seen
    const kept = candidateRungs.filter(one => one.removedBy === undefined)
    if (kept.length === 0) {
      const missed = candidateRungs.find(one => lacksCapacity(one, deadlineAt - nowMs))
      if (missed !== undefined) refused?.(missed)
      throw nothingLeft(candidateRungs, request)
    }
    // Fallbacks wait for a failure, unless nothing else can be called at all.
    const regular = kept.filter(one => one.rung.fallback !== true)
    const open = regular.length === 0 ? kept : regular
    const path = mostExpensivePath(kept)
    const step = stepOf(assessed, open, { inputTokens: work.inputTokens, nowMs })
    return {
      ...assessed,
      guided: begun(assessed, step),
      work,
      candidateRungs,
      firstStep: step,
      reserveNanoUsd: Math.min(path, maxCostNanoUsd ?? path),
      mostTokens: mostTokensOf(kept.map(({ rung }) => boundsOf(rung, sizes, request.options, 0))),
    }
  }
}

interface LookAt {
  readonly work: Chosen['work']
  readonly sizes: Sizes
  readonly nowMs: number
  readonly isPaid: boolean
}

/** A request with the ladder that is filtered for it. */
function inputOf(assessed: Assessed, { work, sizes, nowMs, isPaid }: LookAt): CandidateInput {
  const { guided, estimate, request, deadlineAt, modalities, mode, caller } = assessed
  const { maxCostNanoUsd, model, tier, adapter } = request.constraints
  // What a leg may cost at most is a matter of how long it may run, whenever its caller wants the answer.
  const longestMs = runDeadlineOf(assessed) - nowMs
  return {
    ladder: guided.ladder,
    estimate,
    modalities,
    ...(assessed.views === undefined ? {} : { views: assessed.views }),
    needs: needsOf(request),
    mode,
    nowMs,
    deadlineAt,
    turn: { priority: priorityRanks[request.constraints.priority], tenant: caller.tenant },
    task: request.task,
    options: request.options,
    work,
    hasAnswer: false,
    pin: {
      ...(model === undefined ? {} : { model }),
      ...(tier === undefined ? {} : { tier }),
      ...(adapter === undefined ? {} : { adapter }),
    },
    ...(maxCostNanoUsd === undefined ? {} : { moneyLeftNanoUsd: maxCostNanoUsd }),
    priceOf: rung => priceAt(rung.model, nowMs),
    reserveOf(rung, price, service) {
      const bounds = boundsOf(rung, sizes, request.options, mostComputeMs(rung.model, service, longestMs))
      const verdict = mostExpensiveVerdict(rung, sizes, request.options, longestMs)
      return {
        nanoUsd: addNanoUsd(mostExpensiveLeg(bounds, price), mostExpensiveReading(rung, sizes, longestMs), verdict),
        computeMs: bounds.computeMs ?? 0,
      }
    },
    isPaid,
  }
}

/**
 * Where forecasts leave nothing, a caller has nothing to lose: a rung whose forecast is old is tried now and then,
 * and is measured again.
 */
function withProbe(
  candidateRungs: readonly CandidateRung[],
  probe: (one: CandidateRung) => boolean,
): readonly CandidateRung[] {
  if (candidateRungs.some(one => one.removedBy === undefined)) return candidateRungs
  const tried = candidateRungs.find(probe)
  if (tried === undefined) return candidateRungs
  const { removedBy: _by, removedWhy: _why, ...open } = tried
  return candidateRungs.map(one => (one === tried ? open : one))
}

/** The ladder from the first step on; of a conversation that keeps its rung, with the reason why. */
function begun({ guided, lockedTo }: Assessed, { isKept, model, reason }: StableStep): Assessed['guided'] {
  if (isKept === true) return beginAt(guided, model, reason)
  return model === lockedTo ? { ...guided, beginsSince: reason } : guided
}

/** The first step, with regard to what answered the conversation before. */
function stepOf(
  assessed: Assessed,
  open: readonly CandidateRung[],
  turn: { readonly inputTokens: number; readonly nowMs: number },
): StableStep {
  const { session, lockedTo } = assessed
  const { step, pressed } = firstStepOf(assessed, open)
  if (step.model === lockedTo) return { ...step, reason: 'session: the rung that called the tools goes on' }
  if (session === undefined) return step
  const { maxRisk, minQuality } = limitsOf(assessed.request.constraints)
  const costWeight = assessed.guided.policy?.costWeight
  return stableStep(step, pressed, {
    session,
    ...turn,
    isLimited: (maxRisk ?? minQuality) !== undefined,
    ...(costWeight === undefined ? {} : { costWeight }),
  })
}

/**
 * The first step where pools are short may be a lower one than the policy's; what the policy wanted stays reserved,
 * and may be escalated to.
 */
function firstStepOf({ guided, estimate, request }: Assessed, kept: readonly CandidateRung[]): FirstStep {
  const situation = { guided, estimate, called: [], limits: limitsOf(request.constraints) }
  const pressed = applyBackpressure(kept, situation)
  const step = nextStep({ ...situation, open: pressed.filter(one => one.removedBy === undefined) })
  const bent = pressed.find(one => one.removedBy !== undefined)
  const reason = bent === undefined ? step.reason : `${step.reason}; pool ${bent.rung.model.pool} is short`
  return { step: { ...step, reason }, pressed }
}

/** The policy's first step, and the rungs as the pressure on their pools leaves them. */
interface FirstStep {
  readonly step: Step
  readonly pressed: readonly CandidateRung[]
}

/**
 * What the caller is told when one filter or several emptied the list: the last filter that removed a rung decides,
 * since the earlier ones let it pass.
 */
const emptied: Readonly<
  Record<
    FilterName,
    (message: string, metadata: Record<string, string>, violations: readonly FieldViolation[]) => GatewayError
  >
> = {
  pin: (message, metadata) => new GatewayError('NoModel', message, { reason: 'NO_MODEL_PIN', metadata }),
  capability: (message, metadata, violations) =>
    new GatewayError('NoModel', message, { reason: 'NO_MODEL_CAPABILITY', metadata, violations }),
  modality: (message, metadata) => new GatewayError('NoModel', message, { reason: 'NO_MODEL_MODALITY', metadata }),
  adapter: (message, metadata) => new GatewayError('NoModel', message, { reason: 'NO_MODEL_ADAPTER', metadata }),
  price: (message, metadata) => new GatewayError('NoModel', message, { reason: 'NO_MODEL_PRICE', metadata }),
  workers: (message, metadata) =>
    new GatewayError('Overloaded', message, { reason: 'NO_WORKERS', metadata, retryAfterMs: 1000 }),
  deadline: (message, metadata) =>
    new GatewayError('Deadline', message, { reason: 'DEADLINE_AT_CHOOSE', stage: 'choose', metadata }),
  cost: (message, metadata) =>
    new GatewayError('BudgetExceeded', message, {
      reason: 'BUDGET_REQUEST',
      metadata,
      quota: { subject: 'request', description: message },
    }),
  overload: (message, metadata) =>
    new GatewayError('Overloaded', message, { reason: 'OVERLOAD', metadata, retryAfterMs: 1000 }),
}

/** Backpressure is asked behind the filters, when the first step is taken. */
const filterOrder: readonly FilterName[] = [...filters.map(({ name }) => name), 'overload']

function nothingLeft(candidateRungs: readonly CandidateRung[], request: Assessed['request']): GatewayError {
  const metadata: Record<string, string> = { stage: 'choose' }
  for (const one of candidateRungs) metadata[one.rung.name] = `${one.removedBy ?? ''}: ${one.removedWhy ?? ''}`
  const last = candidateRungs.toSorted((a, b) => rank(b) - rank(a))[0]
  const message = `no rung is left: ${candidateRungs.map(one => `${one.rung.name} (${one.removedWhy ?? ''})`).join(', ')}`
  return emptied[last?.removedBy ?? 'modality'](message, metadata, violationsOf(request, candidateRungs))
}

/** The fields of a request that ask for what rungs lack. */
function violationsOf(
  request: Assessed['request'],
  candidateRungs: readonly CandidateRung[],
): readonly FieldViolation[] {
  const lacks = new Set(candidateRungs.map(({ removedWhy }) => removedWhy))
  return needsOf(request)
    .filter(need => lacks.has(lackOf[need]))
    .map(need => ({ field: fieldOfNeed(need, request), description: lackOf[need] }))
}

function rank({ removedBy }: CandidateRung): number {
  return removedBy === undefined ? -1 : filterOrder.indexOf(removedBy)
}
