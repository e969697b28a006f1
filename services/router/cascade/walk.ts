import type { LegEnd, LegFailure, LegState } from '#services/state/cascade-log/cascade-log'
import type { RungReport } from '#services/contract/answer'
import { GatewayError } from '#services/contract/errors'
import type { Rung } from '#services/contract/model'
import { addNanoUsd, type NanoUsd } from '#services/contract/money'
import { noTracer, type Span, type SpanAttributes } from '#services/platform/telemetry/tracer'
import { failureOf } from '#services/platform/telemetry/with-span'
import { limitsOf } from '#services/router/ladders/next-step'
import { lacksCapacity, type Considered, type EmitEvent } from '#services/router/request/states'
import { alternativesOf } from './alternatives.ts'
import type { Course } from './course.ts'
import { decide, reportOf, trust, withCaveats, type Move } from './gate.ts'
import { isTwin, withTwin } from './leg/hedge.ts'
import type { RunLegDependencies } from './leg/leg-order.ts'
import { runLeg, type LegWait } from './leg/run-leg.ts'
import type { TextRelay } from './leg/text-relay.ts'
import { relayOf } from './relay-of.ts'
import {
  createTrail,
  endOf,
  finish,
  finishEarly,
  reasonOf,
  reserveOf,
  spentOf,
  type Trail,
  type Walked,
} from './trail.ts'

/** What walking needs beside what a leg needs. */
export interface WalkDependencies extends RunLegDependencies {
  /** Looks at the ladder anew, with the time and money that are left. */
  readonly look: (course: Course, spentNanoUsd: NanoUsd, hasAnswer: boolean) => readonly Considered[]
  readonly observe: (report: RungReport) => void
  /** Takes what a caller with an answer need not wait for. */
  readonly afterwards?: (work: () => Promise<unknown>) => void
  /** Hears of a rung that quality asked for and that was passed over for want of capacity alone. */
  readonly refused?: (rung: Considered) => void
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
  const trail = createTrail()
  trail.beside.push(...course.legs.filter(isTwin))
  for (const leg of course.legs) {
    if (isTwin(leg)) continue
    const waited = await stepOn(course, trail, withTwin(leg, course.legs), signal, emit, dependencies)
    if (waited !== undefined) return finishEarly(course, trail, waited, emit, dependencies)
  }
  for (;;) {
    const move = trail.next ?? nextMove(course, trail, spentOf(trail), dependencies)
    trail.next = undefined
    noteMissed(course, move, dependencies)
    if (move.kind !== 'call') return finish(course, trail, endOf(course, trail, move), emit, dependencies)
    const leg: LegState = {
      index: trail.legs.length,
      rung: move.rung.rung.name,
      pool: move.rung.rung.model.pool,
      plannedAt: dependencies.clock.now(),
      attempt: 0,
    }
    if (!(await commit(course, trail, leg, dependencies))) {
      return finishEarly(course, trail, { kind: await whyRefused(course, dependencies) }, emit, dependencies)
    }
    const waited = await stepOn(course, trail, leg, signal, emit, dependencies)
    if (waited !== undefined) return finishEarly(course, trail, waited, emit, dependencies)
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
  const rung = rungOf(course, leg)
  const { tracer = noTracer } = dependencies
  const span = tracer.start(`rung ${rung.name}`, {
    parent: course.request.traceparent,
    attributes: rungAttributes(rung, leg),
  })
  try {
    return await runAndJudge(course, trail, leg, signal, emit, dependencies, span)
  } catch (error) {
    span.fail(failureOf(error))
    throw error
  } finally {
    span.end()
  }
}

function rungAttributes(rung: Rung, leg: LegState): SpanAttributes {
  return { 'sluice.rung': rung.name, 'sluice.tier': rung.model.tier, 'sluice.pool': leg.pool, 'sluice.leg': leg.index }
}

async function runAndJudge(
  course: Course,
  trail: Trail,
  leg: LegState,
  signal: AbortSignal,
  emit: EmitEvent | undefined,
  dependencies: WalkDependencies,
  span: Span,
): Promise<Exclude<LegWait, { kind: 'ended' }> | undefined> {
  const rung = rungOf(course, leg)
  const ran =
    leg.end === undefined
      ? await run(course, trail, leg, signal, emit, dependencies, span.traceparent)
      : { end: leg.end }
  if ('kind' in ran) {
    span.set({ 'sluice.verdict': ran.kind })
    trail.legs.push(leg)
    return ran
  }
  trail.legs.push({ ...leg, end: ran.end })
  trail.tried.add(rung.name)
  const report = judge(course, trail, leg, ran.end, dependencies)
  span.set({
    'sluice.verdict': report.verdict,
    'sluice.confidence': report.confidence,
    'sluice.cost_nano_usd': report.costNanoUsd,
  })
  if (ran.end.kind === 'failed') span.fail(ran.end.reason)
  if (leg.report === undefined) dependencies.observe(report)
  await emit?.({ kind: 'rung-finished', report })
  return undefined
}

/** Runs a leg, its text relayed as it comes where that is allowed. */
async function run(
  course: Course,
  trail: Trail,
  leg: LegState,
  signal: AbortSignal,
  emit: EmitEvent | undefined,
  dependencies: WalkDependencies,
  traceparent: string | undefined,
): Promise<{ readonly end: LegEnd } | Exclude<LegWait, { kind: 'ended' }>> {
  const rung = rungOf(course, leg)
  const started = once(async () => emit?.({ kind: 'rung-started', model: rung.name, tier: rung.model.tier }))
  const look = (): readonly Considered[] => dependencies.look(course, spentOf(trail), trail.called.length > 0)
  // A piece may come before word that its leg is in line, and is told of behind that.
  const told: EmitEvent | undefined = emit === undefined ? undefined : event => started().then(() => emit(event))
  const relay = relayOf(course, trail, leg, told, dependencies.mail, look)
  const order = {
    course,
    index: leg.index,
    rung,
    reserveNanoUsd: reserveOf(course.plan, rung.name),
    ...alternativesOf({ course, trail, leg, look }, relay),
    signal,
    traceparent,
    queued: started,
  }
  const waited = await runLeg(relay === undefined ? order : { ...order, relay }, dependencies)
  const ended = waited.kind === 'ended' && relay !== undefined ? await completed(relay, waited.end) : undefined
  trail.streamed ||= relay !== undefined && relay.passed > 0
  if (waited.twin !== undefined) trail.beside.push(waited.twin)
  return waited.kind === 'ended' ? { end: ended ?? waited.end } : waited
}

function once(work: () => Promise<void>): () => Promise<void> {
  let begun: Promise<void> | undefined
  return () => (begun ??= work())
}

/** A stream that broke is a failure, though the model ended well: what the caller has read cannot be taken back. */
async function completed(relay: TextRelay, end: LegEnd): Promise<LegEnd> {
  if (end.kind === 'failed' || end.result.output.kind !== 'text') return end
  if (await relay.complete(end.result.output.text)) return end
  return { kind: 'failed', reason: 'upstream-error', message: 'the streamed text broke off', receipt: end.receipt }
}

function rungOf(course: Course, leg: LegState): Rung {
  const rung = course.guided.ladder.rungs.find(one => one.name === leg.rung)
  if (rung !== undefined) return rung
  throw new GatewayError('NoModel', `rung ${leg.rung} is not on ladder ${course.plan.ladder} any more`)
}

function judge(course: Course, trail: Trail, leg: LegState, end: LegEnd, dependencies: WalkDependencies): RungReport {
  const rung = rungOf(course, leg)
  trail.next = undefined
  let report: RungReport
  if (end.kind === 'failed') {
    trail.lastFailure = end
    trail.failed.set(rung.name, end.reason)
    const why = end.message === '' ? end.reason : `${end.reason}: ${end.message}`
    report = reportOf(rung, leg, end, 'failed', why)
  } else {
    trail.lastFailure = undefined
    trail.called = trust(rung.name, end, course.guided, course.estimate, trail.called)
    trail.results.set(rung.name, end.result)
    const move = nextMove(course, trail, addNanoUsd(spentOf(trail), end.receipt.costNanoUsd), dependencies)
    trail.next = move
    const verdict =
      move.kind === 'call' || (move.kind === 'deliver' && move.model !== rung.name) ? 'escalated' : 'accepted'
    const reason = withCaveats(reasonOf(move), end.result.caveats)
    report = reportOf(rung, leg, end, verdict, reason, trail.called.at(-1)?.confidence)
  }
  trail.reports.push(leg.report ?? report)
  return leg.report ?? report
}

function noteMissed(course: Course, move: Move, { clock, refused }: WalkDependencies): void {
  const missed = move.kind === 'deliver' ? move.missed : undefined
  if (missed !== undefined && lacksCapacity(missed, course.request.deadlineAt - clock.now())) refused?.(missed)
}

/** No other rung can mend these. */
function endsTheClimb(failure: LegFailure): boolean {
  return failure === 'bad-input' || failure === 'cancelled'
}

/** What one model's filter refused is put to another only where the operator says so. */
function isOver({ guided }: Course, trail: Trail): boolean {
  const reason = trail.lastFailure?.reason
  if (reason === undefined) return false
  if (reason === 'content-filter') return guided.ladder.contentFilter !== 'climb'
  return trail.streamed || endsTheClimb(reason)
}

function nextMove(course: Course, trail: Trail, spentNanoUsd: NanoUsd, dependencies: WalkDependencies): Move {
  if (isOver(course, trail)) return { kind: 'give-up' }
  const last = trail.called.at(-1)
  // After the first byte the model stays.
  if (trail.streamed && last !== undefined)
    return { kind: 'deliver', model: last.model, reason: 'its text was streamed' }
  const failure = trail.lastFailure?.reason
  return decide({
    guided: course.guided,
    estimate: course.estimate,
    called: trail.called,
    limits: limitsOf(course.request.constraints),
    considered: dependencies.look(course, spentNanoUsd, trail.called.length > 0),
    tried: trail.tried,
    ...(failure === undefined ? {} : { lastFailure: failure }),
  })
}
