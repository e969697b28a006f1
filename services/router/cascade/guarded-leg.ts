import type { AnswerGuard } from '#services/router/request/answer-guard'
import type { EmitEvent } from '#services/router/request/states'
import type { LegEnd } from '#services/state/cascade-log/cascade-log'
import type { TextRelay } from './leg/text-relay.ts'

/** The answer of one leg on its way to the caller, past the guardrails where there are some. */
export interface GuardedLeg {
  /** Receives the events of the leg; absent where there is no listener. */
  readonly emit: EmitEvent | undefined
  /** Gives the end as callers may see it, and whatever of the text was held back. */
  ended(end: LegEnd): Promise<LegEnd>
  /** Whether the caller has seen some of an answer, or all of one without text. */
  hasStreamed(relay: TextRelay | undefined): boolean
}

/** Guards one leg. */
export function guardLeg(guard: AnswerGuard | undefined, emit: EmitEvent | undefined): GuardedLeg {
  if (guard === undefined) return { emit, ended: end => Promise.resolve(end), hasStreamed }
  const stream = emit && guard.openStream(emit)
  let hasPassed = false
  return {
    emit: stream?.emit,
    async ended(end) {
      const guarded = guardEnd(end, guard)
      hasPassed = guarded.kind === 'done'
      if (hasPassed) await stream?.flush()
      return guarded
    },
    hasStreamed: relay => stream?.hasReleased === true || (hasPassed && relay?.isComplete === true),
  }
}

/** The end of a leg as callers may see it: an answer that a guardrail refuses counts as one that a filter stopped. */
export function guardEnd(end: LegEnd, guard: AnswerGuard | undefined): LegEnd {
  if (guard === undefined || end.kind === 'failed') return end
  const checked = guard.check(end.result.output)
  if (checked.kind === 'refused') {
    return { kind: 'failed', reason: 'content-filter', message: `guardrail ${checked.by}`, receipt: end.receipt }
  }
  const { output, flags } = checked
  return { ...end, result: { ...end.result, output, ...(flags.length === 0 ? {} : { flags }) } }
}

function hasStreamed(relay: TextRelay | undefined): boolean {
  return relay !== undefined && (relay.passed > 0 || relay.isComplete)
}
