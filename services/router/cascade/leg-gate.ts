import type { LegEnd, LegFailure, LegState } from '#services/state/cascade-log/cascade-log'
import type { Clock } from '#services/contract/clock'
import { type Caveat, answerText, type LegResult, type RungReport } from '#services/contract/answer'
import type { Rung } from '#services/contract/model'
import { ground } from '#services/decision/grounding/ground'
import { limitsOf } from '#services/router/ladders/next-step'
import { lacksCapacity, type CandidateRung } from '#services/router/request/states'
import type { Cascade } from './cascade.ts'
import { decide, reportOf, trust, withCaveats, type Move } from './gate.ts'
import type { RunState } from './run-state.ts'

/** Assesses the ends of legs and decides what comes next. */
export interface LegGate {
  /** Assesses the end of a leg, and decides with it what comes next. */
  assess(rung: Rung, leg: LegState, end: LegEnd): RungReport
  /** What to do now. */
  next(): Move
}

/** What the gate of legs needs. */
export interface LegGateDependencies {
  readonly clock: Clock
  /** Called for a rung that quality asked for and that was passed over for want of capacity alone. */
  readonly refused?: (rung: CandidateRung) => void
}

/** Gives the ladder as it is now. `dueNanoUsd` is spent but not yet in the reports. */
export type Candidates = (dueNanoUsd?: number) => readonly CandidateRung[]

/** Makes the gate of one run. */
export function createLegGate(
  { guided, estimate, request }: Pick<Cascade, 'guided' | 'estimate' | 'request'>,
  state: RunState,
  candidates: Candidates,
  { clock, refused }: LegGateDependencies,
): LegGate {
  const limits = limitsOf(request.constraints)
  /** The move that the finding on the last leg was made by. */
  let decided: Move | undefined

  /** What one model's filter refused is put to another only where the operator says so. */
  const isOver = (failure: LegFailure | undefined): boolean => {
    if (failure === undefined) return false
    // After the first byte no other model speaks.
    if (state.isStreamed) return true
    if (failure === 'content-filter') return guided.ladder.contentFilter !== 'cascade'
    return noRungMends.has(failure)
  }

  const decideNext = (dueNanoUsd?: number): Move => {
    const failure = state.lastFailure?.reason
    if (isOver(failure)) return { kind: 'give-up' }
    const last = state.answers.at(-1)
    // After the first byte the model stays.
    if (state.isStreamed && last !== undefined) {
      return { kind: 'deliver', model: last.model, reason: 'its text was streamed' }
    }
    return decide({
      guided,
      estimate,
      limits,
      called: state.answers,
      candidateRungs: candidates(dueNanoUsd),
      tried: state.tried,
      ...(failure === undefined ? {} : { lastFailure: failure }),
    })
  }

  const assessFailure = (rung: Rung, leg: LegState, end: LegEnd & { readonly kind: 'failed' }): RungReport => {
    state.lastFailure = end
    state.failed.set(rung.name, end.reason)
    decided = undefined
    const reason = end.message === '' ? end.reason : `${end.reason}: ${end.message}`
    return reportOf(rung, leg, end, { verdict: 'failed', reason })
  }

  const assessAnswer = (rung: Rung, leg: LegState, end: LegEnd & { readonly kind: 'done' }): RungReport => {
    state.lastFailure = undefined
    const result = withGrounding(rung, withRequestCaveats(end.result, request.caveats))
    state.answers = trust(rung.name, { ...end, result }, { guided, estimate }, state.answers)
    state.results.set(rung.name, result)
    decided = decideNext(end.receipt.costNanoUsd)
    const isAccepted = decided.kind === 'give-up' || (decided.kind === 'deliver' && decided.model === rung.name)
    const found = decided.kind === 'give-up' ? 'no rung is left' : decided.reason
    const { beginsSince } = guided
    const why = beginsSince === undefined || state.reports.length > 0 ? found : `${found}; ${beginsSince}`
    return reportOf(rung, leg, end, {
      verdict: isAccepted ? 'accepted' : 'escalated',
      reason: withCaveats(why, result.caveats),
      confidence: state.answers.at(-1)?.confidence,
    })
  }

  /** An answer is trusted no more than its evidence supports it. */
  const withGrounding = (rung: Rung, result: LegResult): LegResult => {
    if (request.evidence === undefined) return result
    const { grounding, signals } = ground(answerText(result.output), request.evidence)
    state.groundings.set(rung.name, grounding)
    const note = `support ${grounding.support.toFixed(2)}${grounding.isUngrounded ? ', ungrounded' : ''}`
    return {
      ...result,
      signals: { ...result.signals, ...signals },
      caveats: [...(result.caveats ?? []), { note, mostConfidence: grounding.support }],
    }
  }

  const noteMissed = (missed: CandidateRung | undefined): void => {
    if (missed !== undefined && lacksCapacity(missed, request.deadlineAt - clock.now())) refused?.(missed)
  }

  return {
    assess(rung, leg, end) {
      const found = end.kind === 'failed' ? assessFailure(rung, leg, end) : assessAnswer(rung, leg, end)
      // A router that takes over uses the finding in the log.
      const report = leg.report ?? found
      state.reports.push(report)
      return report
    },
    next() {
      const move = decided ?? decideNext()
      decided = undefined
      if (move.kind === 'deliver') noteMissed(move.missed)
      return move
    },
  }
}

/** Failures that no other rung can mend. */
const noRungMends: ReadonlySet<LegFailure> = new Set(['bad-input', 'cancelled'])

/** An answer lacks what its request came without, such as pages that could not be read. */
function withRequestCaveats(result: LegResult, caveats: readonly Caveat[] = []): LegResult {
  return caveats.length === 0 ? result : { ...result, caveats: [...(result.caveats ?? []), ...caveats] }
}
