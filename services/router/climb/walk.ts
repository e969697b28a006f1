import type { ClimbEnd, ClimbPlan, LegEnd, LegFailure, LegState } from '../../shared/climb/climb-log.ts'
import { addUsage, type Answer, type LegResult, type RungReport } from '../../shared/contract/answer.ts'
import { GatewayError } from '../../shared/contract/errors.ts'
import { legIdOf } from '../../shared/contract/ids.ts'
import { addNanoUsd, type NanoUsd } from '../../shared/contract/money.ts'
import type { Called } from '../../shared/policy/policy.ts'
import { bestOf, limitsOf } from '../guide.ts'
import type { Considered, EmitEvent } from '../states.ts'
import type { Course } from './course.ts'
import { endOfFailure } from './failure.ts'
import { decide, reportOf, trust, type Move } from './gate.ts'
import { callOff, runLeg, type LegWait, type RunLegDependencies } from './run-leg.ts'
import { createTextRelay, type TextRelay } from './text-relay.ts'

/** What walking needs beside what a leg needs. */
export interface WalkDependencies extends RunLegDependencies {
  /** Looks at the ladder anew, with the time and money that are left. */
  readonly look: (course: Course, spentNanoUsd: NanoUsd) => readonly Considered[]
  readonly observe: (report: RungReport) => void
}

/** The end of a walk, or that another router has taken the climb. */
export type Walked =
  | { readonly kind: 'ended'; readonly end: ClimbEnd; readonly legs: readonly LegState[] }
  | { readonly kind: 'lost' }

/** What is known on the way. */
interface Trail {
  readonly legs: LegState[]
  readonly reports: RungReport[]
  readonly called: Called[]
  readonly results: Map<string, LegResult>
  readonly tried: Set<string>
  lastFailure: (LegEnd & { readonly kind: 'failed' }) | undefined
}

/**
 * Walks a climb from where the log has it to its end: calls a rung, judges its answer, goes on or stops. The same for a climb that
 * was just opened and for one whose router died: legs with an end are judged, not run; a leg without one is queued again, which
 * changes nothing when it is there. The end is written to the log, once.
 */
export async function walk(
  course: Course,
  signal: AbortSignal,
  emit: EmitEvent | undefined,
  dependencies: WalkDependencies,
): Promise<Walked> {
  const trail: Trail = {
    legs: [],
    reports: [],
    called: [],
    results: new Map(),
    tried: new Set(),
    lastFailure: undefined,
  }
  for (const leg of course.legs) {
    const waited = await stepOn(course, trail, leg, signal, emit, dependencies)
    if (waited !== undefined) return finishEarly(course, trail, waited, dependencies)
  }
  for (;;) {
    const move = nextMove(course, trail, dependencies)
    if (move.kind !== 'call') return finish(course, trail, endOf(course, trail, move), dependencies)
    const leg: LegState = {
      index: trail.legs.length,
      rung: move.rung.rung.name,
      pool: move.rung.rung.model.pool,
      plannedAt: dependencies.clock.now(),
      attempt: 0,
    }
    if (!(await commit(course, trail, leg, dependencies))) {
      return finishEarly(course, trail, { kind: await whyRefused(course, dependencies) }, dependencies)
    }
    const waited = await stepOn(course, trail, leg, signal, emit, dependencies)
    if (waited !== undefined) return finishEarly(course, trail, waited, dependencies)
  }
}

/** Writes the finding on the leg before and the plan of the next; false when the climb is not this router's to move any more. */
async function commit(course: Course, trail: Trail, leg: LegState, { climbLog }: WalkDependencies): Promise<boolean> {
  const { requestId } = course.request
  const report = trail.reports.at(-1)
  const writes = [climbLog.planLeg(requestId, leg, course.epoch)]
  if (report !== undefined) writes.push(climbLog.judgeLeg(requestId, leg.index - 1, report, course.epoch))
  return (await Promise.all(writes)).every(Boolean)
}

/** A climb refuses a leg when somebody cancelled it, or when another router has it. */
async function whyRefused(course: Course, { climbLog }: WalkDependencies): Promise<'left' | 'lost'> {
  const state = await climbLog.read(course.request.requestId)
  return state?.cancelled === true && state.epoch === course.epoch && state.end === undefined ? 'left' : 'lost'
}

/** Runs (or takes the end of) one leg and judges it; gives what ended the waiting when that was not the leg's end. */
async function stepOn(
  course: Course,
  trail: Trail,
  leg: LegState,
  signal: AbortSignal,
  emit: EmitEvent | undefined,
  dependencies: WalkDependencies,
): Promise<Exclude<LegWait, { kind: 'ended' }> | undefined> {
  const rung = course.guided.ladder.rungs.find(one => one.name === leg.rung)
  if (rung === undefined) {
    throw new GatewayError('NoModel', `rung ${leg.rung} is not on ladder ${course.plan.ladder} any more`)
  }
  let end = leg.end
  let relay: TextRelay | undefined
  if (end === undefined) {
    await emit?.({ kind: 'rung-started', model: rung.name, tier: rung.model.tier })
    relay = relayOf(course, trail, leg, emit, dependencies)
    const waited = await runLeg(
      {
        course,
        index: leg.index,
        rung,
        reserveNanoUsd: reserveOf(course.plan, rung.name),
        signal,
        ...(relay === undefined ? {} : { relay }),
      },
      dependencies,
    )
    if (waited.kind !== 'ended') {
      trail.legs.push(leg)
      return waited
    }
    end = waited.end
  }
  trail.legs.push({ ...leg, end })
  trail.tried.add(rung.name)
  const report = judge(course, trail, leg, end, dependencies)
  if (relay !== undefined && end.kind === 'done' && end.result.output.kind === 'text') {
    await relay.complete(end.result.output.text)
  }
  if (leg.report === undefined) dependencies.observe(report)
  await emit?.({ kind: 'rung-finished', report })
  return undefined
}

function judge(course: Course, trail: Trail, leg: LegState, end: LegEnd, dependencies: WalkDependencies): RungReport {
  const rung = course.guided.ladder.rungs.find(one => one.name === leg.rung)
  if (rung === undefined) throw new Error('a leg without its rung was stepped on')
  let report: RungReport
  if (end.kind === 'failed') {
    trail.lastFailure = end
    report = reportOf(rung, leg, end, 'failed', end.reason)
  } else {
    trail.lastFailure = undefined
    const called = trust(rung.name, end, course.guided, course.estimate, trail.called)
    trail.called.push(called)
    trail.results.set(rung.name, end.result)
    const move = nextMove(course, trail, dependencies)
    const verdict =
      move.kind === 'call' || (move.kind === 'deliver' && move.model !== rung.name) ? 'escalated' : 'accepted'
    report = reportOf(rung, leg, end, verdict, reasonOf(move), called.confidence)
  }
  trail.reports.push(leg.report ?? report)
  return leg.report ?? report
}

/** No other rung can mend these. */
const endsTheClimb: ReadonlySet<LegFailure> = new Set(['bad-input', 'cancelled', 'expired'])

function nextMove(course: Course, trail: Trail, dependencies: WalkDependencies): Move {
  if (trail.lastFailure !== undefined && endsTheClimb.has(trail.lastFailure.reason)) return { kind: 'give-up' }
  return decide({
    guided: course.guided,
    estimate: course.estimate,
    called: trail.called,
    limits: limitsOf(course.request.constraints),
    considered: dependencies.look(course, spentOf(trail)),
    tried: trail.tried,
    lastFailed: trail.lastFailure !== undefined,
  })
}

/** Text goes to the caller as it comes only from a rung that no other can follow: after the first byte the model stays. */
function relayOf(
  course: Course,
  trail: Trail,
  leg: LegState,
  emit: EmitEvent | undefined,
  dependencies: WalkDependencies,
): TextRelay | undefined {
  if (emit === undefined || course.request.task !== 'generate') return undefined
  const others = dependencies
    .look(course, spentOf(trail))
    .filter(one => one.removedBy === undefined && one.rung.name !== leg.rung && !trail.tried.has(one.rung.name))
  if (others.length > 0) return undefined
  const legId = legIdOf(course.request.requestId, leg.index)
  return createTextRelay({ legId, model: leg.rung }, emit, dependencies.mail)
}

function endOf(course: Course, trail: Trail, move: Exclude<Move, { kind: 'call' }>): ClimbEnd {
  if (move.kind === 'give-up') return endOfFailure(course, trail.reports, trail.lastFailure)
  const { model, degraded } = move
  return answered(course, trail, model, degraded)
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
      policyVersion: course.plan.policyVersion,
      ...(degraded === undefined ? {} : { degraded }),
    },
  }
}

/** Ends a climb whose leg is not awaited any more: the caller left, or time is over and the best answer so far must do. */
async function finishEarly(
  course: Course,
  trail: Trail,
  waited: Exclude<LegWait, { kind: 'ended' }>,
  dependencies: WalkDependencies,
): Promise<Walked> {
  if (waited.kind === 'lost') return { kind: 'lost' }
  await callOff(course.request.requestId, dependencies)
  if (waited.kind === 'left') return finish(course, trail, { kind: 'cancelled', rungs: trail.reports }, dependencies)
  const best = bestOf(trail.called)
  const end =
    best === undefined
      ? endOfFailure(course, trail.reports, undefined)
      : answered(course, trail, best.model, 'deadline')
  return finish(course, trail, end, dependencies)
}

async function finish(course: Course, trail: Trail, end: ClimbEnd, dependencies: WalkDependencies): Promise<Walked> {
  const nowMs = dependencies.clock.now()
  const timed =
    end.kind === 'answered' ? { ...end, answer: { ...end.answer, latencyMs: nowMs - course.request.submittedAt } } : end
  const written = await dependencies.climbLog.finish(course.request.requestId, timed, course.epoch, nowMs)
  return written ? { kind: 'ended', end: timed, legs: trail.legs } : { kind: 'lost' }
}

function reserveOf(plan: ClimbPlan, rung: string): NanoUsd {
  return plan.rungs.find(one => one.name === rung)?.reserveNanoUsd ?? 0
}

function spentOf(trail: Trail): NanoUsd {
  return addNanoUsd(...trail.reports.map(report => report.costNanoUsd))
}

function reasonOf(move: Move): string {
  return move.kind === 'give-up' ? 'no rung is left' : move.reason
}
