import type { ClimbEnd, ClimbPlan, LegEnd, LegFailure, LegState } from '#services/state/cascade-log/cascade-log'
import { addUsage, type Answer, type DegradedReason, type LegResult, type RungReport } from '#services/contract/answer'
import { addNanoUsd, type NanoUsd } from '#services/contract/money'
import type { Called } from '#services/decision/policy/policy'
import { bestOf } from '#services/router/ladders/next-step'
import type { EmitEvent } from '#services/router/request/states'
import type { Course } from './course.ts'
import { endOfFailure } from './failure.ts'
import { degradedByFailure, type Move } from './gate.ts'
import type { RunLegDependencies } from './leg/leg-order.ts'
import { callOff, type LegWait } from './leg/run-leg.ts'

/** The end of a walk, or why it has none. */
export type Walked =
  | { readonly kind: 'ended'; readonly end: ClimbEnd; readonly legs: readonly LegState[] }
  /** Another router has taken the climb, or the money of its first leg was not held. */
  | { readonly kind: 'lost' | 'not-held' }

/** What ending needs. */
export type FinishDependencies = Pick<RunLegDependencies, 'climbLog' | 'queue' | 'mail' | 'clock'> & {
  /** Takes what a caller with an answer need not wait for; absent: callers wait. */
  readonly afterwards?: (work: () => Promise<unknown>) => void
}

/** What is known on the way. */
export interface Trail {
  readonly legs: LegState[]
  /** Legs that ran beside them. */
  readonly beside: LegState[]
  readonly reports: RungReport[]
  /** The answers so far, each trusted as all of them together say. */
  called: readonly Called[]
  readonly results: Map<string, LegResult>
  readonly tried: Set<string>
  lastFailure: (LegEnd & { readonly kind: 'failed' }) | undefined
  /** Rungs that were called and gave no answer, and why. */
  readonly failed: Map<string, LegFailure>
  /** The move that the finding on the last leg was made by. */
  next: Move | undefined
  /** Text of a rung has reached the caller: no other model may speak now. */
  streamed: boolean
}

/** A trail before the first step. */
export function createTrail(): Trail {
  return {
    legs: [],
    beside: [],
    reports: [],
    called: [],
    results: new Map(),
    tried: new Set(),
    lastFailure: undefined,
    failed: new Map(),
    next: undefined,
    streamed: false,
  }
}

/** The end that a last move makes. */
export function endOf(course: Course, trail: Trail, move: Exclude<Move, { kind: 'call' }>): ClimbEnd {
  if (move.kind === 'give-up') return endOfFailure(course, trail.reports, trail.lastFailure)
  const { model, degraded } = move
  return answered(course, trail, model, degraded ?? failedAbove(course, trail, model))
}

/** What an answer lacks where a rung above the one that gave it was called and gave none. */
function failedAbove({ guided }: Course, { failed }: Trail, model: string): DegradedReason | undefined {
  const names = guided.ladder.rungs.map(rung => rung.name)
  const reason = names.slice(names.indexOf(model) + 1).findLast(name => failed.has(name))
  return reason === undefined ? undefined : degradedByFailure(failed.get(reason))
}

function answered(course: Course, trail: Trail, model: string, degraded: Answer['degraded']): ClimbEnd {
  const result = trail.results.get(model)
  const called = trail.called.find(one => one.model === model)
  const rung = course.guided.ladder.rungs.find(one => one.name === model)
  if (result === undefined || called === undefined || rung === undefined) {
    throw new Error('the answer of a rung that was never reached was chosen')
  }
  return {
    kind: 'answered',
    answer: {
      output: result.output,
      model,
      tier: rung.model.tier,
      confidence: called.confidence,
      rungs: trail.reports,
      costNanoUsd: spentOf(trail),
      usage: addUsage(trail.reports.map(report => report.usage)),
      latencyMs: 0,
      policyVersion: course.guided.policy?.version ?? course.plan.policyVersion,
      ...(degraded === undefined ? {} : { degraded }),
      ...(course.estimate.domain?.outOfDomain === true ? { outOfDomain: true as const } : {}),
    },
  }
}

/** Ends a climb whose leg is not awaited any more: the caller left, or time is over and the best answer so far must do. */
export async function finishEarly(
  course: Course,
  trail: Trail,
  waited: Exclude<LegWait, { kind: 'ended' }>,
  emit: EmitEvent | undefined,
  dependencies: FinishDependencies,
): Promise<Walked> {
  if (waited.kind === 'lost' || waited.kind === 'not-held') return { kind: waited.kind }
  const best = trail.streamed || waited.kind === 'left' ? undefined : bestOf(trail.called)
  const { afterwards } = dependencies
  if (best !== undefined && afterwards !== undefined && isForCallerAlone(course)) {
    // The deadline is near: its answer goes out first.
    const calledOff = (work: () => Promise<unknown>): void =>
      afterwards(() => callOff(course.request.requestId, dependencies).then(work))
    const end = answered(course, trail, best.model, 'deadline')
    return finish(course, trail, end, emit, { ...dependencies, afterwards: calledOff })
  }
  await callOff(course.request.requestId, dependencies)
  if (waited.kind === 'left')
    return finish(course, trail, { kind: 'cancelled', rungs: trail.reports }, emit, dependencies)
  const end =
    best === undefined
      ? endOfFailure(course, trail.reports, undefined)
      : answered(course, trail, best.model, 'deadline')
  return finish(course, trail, end, emit, dependencies)
}

/**
 * Writes the end to the log, once; text that was not relayed goes to the caller in one piece before it. An answer that nobody can come
 * back for goes out first: should its end not be written, the next router ends the climb, and its receipts are billed the same.
 */
export async function finish(
  course: Course,
  trail: Trail,
  end: ClimbEnd,
  emit: EmitEvent | undefined,
  dependencies: FinishDependencies,
): Promise<Walked> {
  const nowMs = dependencies.clock.now()
  const timed =
    end.kind === 'answered' ? { ...end, answer: { ...end.answer, latencyMs: nowMs - course.request.submittedAt } } : end
  const write = (): Promise<boolean> =>
    dependencies.climbLog.finish(course.request.requestId, timed, course.epoch, nowMs)
  const { afterwards } = dependencies
  if (afterwards !== undefined && timed.kind === 'answered' && isForCallerAlone(course)) afterwards(write)
  else if (!(await write())) return { kind: 'lost' }
  if (!trail.streamed && timed.kind === 'answered' && timed.answer.output.kind === 'text') {
    await emit?.({ kind: 'delta', model: timed.answer.model, text: timed.answer.output.text, optimistic: false })
  }
  return { kind: 'ended', end: timed, legs: [...trail.legs, ...trail.beside] }
}

/** Nobody can come back for the answer: it is the caller's who waits, or nobody's. */
function isForCallerAlone({ request }: Course): boolean {
  return request.mode === 'sync' && !request.idempotent
}

/** What was reserved for a rung. */
export function reserveOf(plan: ClimbPlan, rung: string): NanoUsd {
  return plan.rungs.find(one => one.name === rung)?.reserveNanoUsd ?? 0
}

/** What the legs so far have cost. */
export function spentOf(trail: Trail): NanoUsd {
  return addNanoUsd(...trail.reports.map(report => report.costNanoUsd))
}

/** The reason of a move, in words. */
export function reasonOf(move: Move): string {
  return move.kind === 'give-up' ? 'no rung is left' : move.reason
}
