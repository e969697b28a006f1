import type { LegEnd, LegState } from '#services/state/cascade-log/cascade-log'
import type { RungReport } from '#services/contract/answer'
import { GatewayError } from '#services/contract/errors'
import type { RequestId } from '#services/contract/ids'
import type { Rung } from '#services/contract/model'
import { addNanoUsd, type NanoUsd } from '#services/contract/money'
import { noTracer, type Span } from '#services/platform/telemetry/tracer'
import { failureOf } from '#services/platform/telemetry/with-span'
import type { AnswerGuard } from '#services/router/request/answer-guard'
import type { CandidateRung, EmitEvent } from '#services/router/request/states'
import { createAlternatives } from './alternatives.ts'
import type { Cascade } from './cascade.ts'
import { createEnding, type EndingDependencies, type RunEnd } from './ending.ts'
import { guardEnd, guardLeg } from './guarded-leg.ts'
import { createLegGate, type LegGateDependencies } from './leg-gate.ts'
import { isHedged, withHedged } from './leg/hedged-attempt.ts'
import type { RunLegDependencies } from './leg/leg-order.ts'
import { createLegRunner, type Abandoned, type LegWait } from './leg/run-leg.ts'
import type { TextRelay } from './leg/text-relay.ts'
import { createRunState, spentOf } from './run-state.ts'
import { createTextRelays } from './text-relays.ts'

/** What a run needs beside what a leg needs. */
export interface CascadeRunDependencies extends RunLegDependencies, EndingDependencies, LegGateDependencies {
  /** Evaluates the ladder again, with the time and money that are left. */
  readonly reevaluate: (cascade: Cascade, spentNanoUsd: NanoUsd, hasAnswer: boolean) => readonly CandidateRung[]
  readonly observe: (report: RungReport, requestId: RequestId) => void
  /** Called for every leg that is run, or whose end is taken. */
  readonly called?: (requestId: RequestId, rung: Rung) => void
  /** What checks the answers; absent where nothing does. */
  readonly guardOf?: (request: Cascade['request']) => AnswerGuard | undefined
}

/** Who waits for a run. */
export interface RunCaller {
  /** Aborted when the caller has left or the cascade was cancelled. */
  readonly signal: AbortSignal
  /** Absent where there is no listener. */
  readonly emit?: EmitEvent | undefined
}

/** One run of a cascade on this router. */
export interface CascadeRun {
  /** Runs it to its end, once. */
  finish(): Promise<RunEnd>
}

/**
 * Makes the run of a cascade from where the log has it to its end: it calls a rung, assesses the answer, and goes on or
 * stops. A cascade that was just started and one whose router died run alike: legs with an end are assessed, not run,
 * and a leg without one is queued again, which changes nothing when it is there. The end is written to the log, once.
 */
export function createCascadeRun(
  cascade: Cascade,
  { signal, emit }: RunCaller,
  dependencies: CascadeRunDependencies,
): CascadeRun {
  const { cascadeLog, clock, replySender, observe, called, reevaluate, guardOf, tracer = noTracer } = dependencies
  const { request, plan, guided, epoch } = cascade
  const { requestId } = request
  const state = createRunState()
  const candidates = (dueNanoUsd = 0): readonly CandidateRung[] =>
    reevaluate(cascade, addNanoUsd(spentOf(state), dueNanoUsd), state.answers.length > 0)
  const gate = createLegGate(cascade, state, candidates, dependencies)
  const runLeg = createLegRunner(cascade, signal, dependencies)
  const relayFor = createTextRelays(cascade, state, candidates, replySender)
  const alternativesOf = createAlternatives(cascade, state, candidates)
  const guard = guardOf?.(request)
  const ending = createEnding(cascade, state, emit, dependencies)

  const rungOf = ({ rung: name }: LegState): Rung => {
    const rung = guided.ladder.rungs.find(one => one.name === name)
    if (rung !== undefined) return rung
    throw new GatewayError('NoModel', `rung ${name} is not on ladder ${plan.ladder} any more`)
  }

  /** Runs a leg, its text relayed as it comes where that is allowed. */
  const run = async (leg: LegState, traceparent: string | undefined): Promise<LegWait> => {
    const rung = rungOf(leg)
    const started = once(async () => emit?.({ kind: 'rung-started', model: rung.name, tier: rung.model.tier }))
    // A piece may arrive before the event that its leg is queued; it is emitted after that event.
    const guarded = guardLeg(guard, emit)
    const pass = guarded.emit
    const relay = pass && relayFor(leg, event => started().then(() => pass(event)))
    const reserveNanoUsd = plan.rungs.find(one => one.name === rung.name)?.reserveNanoUsd ?? 0
    const waited = await runLeg({
      index: leg.index,
      rung,
      reserveNanoUsd,
      ...alternativesOf(leg, relay),
      traceparent,
      queued: started,
      relay,
    })
    const end = waited.kind === 'ended' ? await guarded.ended(await completed(waited.end, relay)) : undefined
    state.isStreamed ||= guarded.hasStreamed(relay)
    if (waited.hedged !== undefined) state.hedged.push(waited.hedged)
    return end === undefined ? waited : { kind: 'ended', end }
  }

  /** Runs (or takes the end of) one leg and judges it; gives what ended the waiting when that was not the leg's end. */
  const runAndAssess = async (leg: LegState, span: Span): Promise<Abandoned | undefined> => {
    const waited: LegWait =
      leg.end === undefined ? await run(leg, span.traceparent) : { kind: 'ended', end: guardEnd(leg.end, guard) }
    if (waited.kind !== 'ended') {
      span.set({ 'sluice.verdict': waited.kind })
      state.legs.push(leg)
      return waited.kind
    }
    const { end } = waited
    state.legs.push({ ...leg, end })
    state.tried.add(leg.rung)
    const report = gate.assess(rungOf(leg), leg, end)
    const { verdict, confidence, costNanoUsd } = report
    span.set({ 'sluice.verdict': verdict, 'sluice.confidence': confidence, 'sluice.cost_nano_usd': costNanoUsd })
    if (end.kind === 'failed') span.fail(end.reason)
    if (leg.report === undefined) observe(report, requestId)
    await emit?.({ kind: 'rung-finished', report })
    return undefined
  }

  /** The same, in a span of the rung. */
  const step = async (leg: LegState): Promise<Abandoned | undefined> => {
    const rung = rungOf(leg)
    const { name, model } = rung
    called?.(requestId, rung)
    const attributes = {
      'sluice.rung': name,
      'sluice.tier': model.tier,
      'sluice.pool': leg.pool,
      'sluice.leg': leg.index,
    }
    const span = tracer.start(`rung ${name}`, { parent: request.traceparent, attributes })
    try {
      return await runAndAssess(leg, span)
    } catch (error) {
      span.fail(failureOf(error))
      throw error
    } finally {
      span.end()
    }
  }

  /**
   * Writes the finding on the leg before and the plan of the next; false when the cascade is not this router's to
   * move any more.
   */
  const commit = async (leg: LegState): Promise<boolean> => {
    const report = state.reports.at(-1)
    const writes = [cascadeLog.planLeg(requestId, leg, epoch)]
    if (report !== undefined) writes.push(cascadeLog.recordVerdict(requestId, leg.index - 1, report, epoch))
    return (await Promise.all(writes)).every(Boolean)
  }

  /** The log refuses a leg when the cascade was cancelled, or when another router owns it. */
  const whyRefused = async (): Promise<Abandoned> => {
    const logged = await cascadeLog.read(requestId)
    return logged?.cancelled === true && logged.epoch === epoch && logged.end === undefined ? 'left' : 'lost'
  }

  /** Plans and runs a leg on this rung. */
  const call = async ({ rung }: CandidateRung): Promise<Abandoned | undefined> => {
    const { pool } = rung.model
    const leg = { index: state.legs.length, rung: rung.name, pool, plannedAt: clock.now(), attempt: 0 }
    return (await commit(leg)) ? step(leg) : whyRefused()
  }

  /** Goes through the legs that the log has. */
  const resume = async (): Promise<Abandoned | undefined> => {
    state.hedged.push(...cascade.legs.filter(isHedged))
    for (const leg of cascade.legs) {
      if (isHedged(leg)) continue
      const abandoned = await step(withHedged(leg, cascade.legs))
      if (abandoned !== undefined) return abandoned
    }
    return undefined
  }

  return {
    async finish() {
      let abandoned = await resume()
      while (abandoned === undefined) {
        const move = gate.next()
        if (move.kind !== 'call') return ending.finish(move)
        abandoned = await call(move.rung)
      }
      return ending.abandon(abandoned)
    },
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let begun: Promise<void> | undefined
  return () => (begun ??= work())
}

/** A stream that broke is a failure, though the model ended well: what the caller has read cannot be taken back. */
async function completed(end: LegEnd, relay: TextRelay | undefined): Promise<LegEnd> {
  if (relay === undefined || end.kind === 'failed' || end.result.output.kind !== 'text') return end
  if (await relay.complete(end.result.output)) return end
  return { kind: 'failed', reason: 'upstream-error', message: 'the streamed text broke off', receipt: end.receipt }
}
