import type { CascadeEnd, LegState } from '#services/state/cascade-log/cascade-log'
import { emitOutput } from './leg/emit-output.ts'
import { addUsage, type Answer, type DegradedReason, type LegResult } from '#services/contract/answer'
import { bestOf } from '#services/router/ladders/next-step'
import type { EmitEvent } from '#services/router/request/states'
import { canMove, type Cascade } from './cascade.ts'
import { endOfFailure } from './failure.ts'
import { degradedByFailure, type Move } from './gate.ts'
import { cancelLegs, type CancelLegsDependencies } from './leg/cancel-legs.ts'
import type { Abandoned } from './leg/run-leg.ts'
import { spentOf, type RunState } from './run-state.ts'

/** How a run ended. */
export type RunEnd =
  | { readonly kind: 'ended'; readonly end: CascadeEnd; readonly legs: readonly LegState[] }
  /** Another router has taken the cascade, or the money of its first leg was not held. */
  | { readonly kind: 'lost' | 'not-held' }

/** What ending needs. */
export interface EndingDependencies extends CancelLegsDependencies {
  /** Takes what a caller with an answer need not wait for; absent: callers wait. */
  readonly afterwards?: (work: () => Promise<unknown>) => void
}

/** Ends a run. */
export interface Ending {
  /** Ends it by its last move. */
  finish(move: Exclude<Move, { kind: 'call' }>): Promise<RunEnd>
  /**
   * Ends a run whose leg is not awaited any more: the caller left, or time is over and the best answer so far must
   * do.
   */
  abandon(why: Abandoned): Promise<RunEnd>
}

/** Makes the ending of one run. */
export function createEnding(
  { request, plan, guided, estimate, epoch }: Cascade,
  state: RunState,
  emit: EmitEvent | undefined,
  dependencies: EndingDependencies,
): Ending {
  const { cascadeLog, clock, afterwards } = dependencies
  const { rungs } = guided.ladder

  /** What an answer lacks where a rung above the one that gave it was called and gave none. */
  const failedAbove = (model: string): DegradedReason | undefined => {
    const names = rungs.map(rung => rung.name)
    const failed = names.slice(names.indexOf(model) + 1).findLast(name => state.failed.has(name))
    return failed === undefined ? undefined : degradedByFailure(state.failed.get(failed))
  }

  const answered = (model: string, degraded: Answer['degraded']): CascadeEnd => {
    const result = state.results.get(model)
    const called = state.answers.find(one => one.model === model)
    const rung = rungs.find(one => one.name === model)
    const grounding = state.groundings.get(model)
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
        rungs: state.reports,
        costNanoUsd: spentOf(state),
        usage: addUsage(state.reports.map(report => report.usage)),
        latencyMs: clock.now() - request.submittedAt,
        policyVersion: guided.policy?.version ?? plan.policyVersion,
        ...(degraded === undefined ? {} : { degraded }),
        ...(grounding === undefined ? {} : { grounding }),
        ...(estimate.domain?.outOfDomain === true ? { outOfDomain: true as const } : {}),
        ...flagsOf(request, result),
      },
    }
  }

  /**
   * Writes the end to the log, once; text that was not relayed goes to the caller in one piece before it. An answer
   * that nobody can come back for goes out first: should its end not be written, the next router ends the cascade,
   * and its receipts are billed the same. `before` is done before the end is written.
   */
  const close = async (end: CascadeEnd, before?: () => Promise<unknown>): Promise<RunEnd> => {
    const nowMs = clock.now()
    const write = async (): Promise<boolean> => {
      await before?.()
      return cascadeLog.finish(request.requestId, end, epoch, nowMs)
    }
    if (afterwards !== undefined && end.kind === 'answered' && !canMove(request)) afterwards(write)
    else if (!(await write())) return { kind: 'lost' }
    if (!state.isStreamed && end.kind === 'answered' && end.answer.output.kind === 'text') {
      const { model, output } = end.answer
      if (emit !== undefined) await emitOutput({ model, output, optimistic: false }, emit)
    }
    return { kind: 'ended', end, legs: [...state.legs, ...state.hedged] }
  }

  const endOfMove = (move: Exclude<Move, { kind: 'call' }>): CascadeEnd =>
    move.kind === 'give-up'
      ? endOfFailure(request.mode, state.reports, state.lastFailure)
      : answered(move.model, move.degraded ?? failedAbove(move.model))

  /** Without an answer that may be given: text that has begun to stream is not followed by another model's. */
  const endOfTime = (): CascadeEnd => {
    const best = state.isStreamed ? undefined : bestOf(state.answers)
    return best === undefined ? endOfFailure(request.mode, state.reports, undefined) : answered(best.model, 'deadline')
  }

  return {
    finish: move => close(endOfMove(move)),
    async abandon(why) {
      if (why === 'lost' || why === 'not-held') return { kind: why }
      const end: CascadeEnd = why === 'left' ? { kind: 'cancelled', rungs: state.reports } : endOfTime()
      return close(end, () => cancelLegs(request.requestId, dependencies))
    },
  }
}

/** What guardrails found in the request and in the answer that is given. */
function flagsOf({ guard }: Cascade['request'], { flags = [] }: LegResult): Pick<Answer, 'flags'> {
  const all = [...(guard?.flags ?? []), ...flags]
  return all.length === 0 ? {} : { flags: all }
}
