import type { LegEnd, LegFailure, LegState } from '#services/state/cascade-log/cascade-log'
import type { LegResult, RungReport } from '#services/contract/answer'
import type { Grounding } from '#services/contract/retrieval/evidence'
import { addNanoUsd, type NanoUsd } from '#services/contract/money'
import type { Called } from '#services/decision/policy/policy'

/** What a cascade run has come to so far. The run owns it; its collaborators read it and add to it. */
export interface RunState {
  /** Legs that were waited for, in order. */
  readonly legs: LegState[]
  /** Hedged attempts that ran beside them. */
  readonly hedged: LegState[]
  readonly reports: RungReport[]
  /** The answers so far, each with P(correct) given all of them. */
  answers: readonly Called[]
  readonly results: Map<string, LegResult>
  /** Support of each answer by the evidence, where there is any. */
  readonly groundings: Map<string, Grounding>
  /** Rungs that were called, whatever came of it. */
  readonly tried: Set<string>
  /** The end of the last leg, where it gave no answer. */
  lastFailure: (LegEnd & { readonly kind: 'failed' }) | undefined
  /** Rungs that were called and gave no answer, and why. */
  readonly failed: Map<string, LegFailure>
  /** Text of a rung has reached the caller: no other model may speak now. */
  isStreamed: boolean
}

/** The state of a run that has not begun. */
export function createRunState(): RunState {
  return {
    legs: [],
    hedged: [],
    reports: [],
    answers: [],
    results: new Map(),
    groundings: new Map(),
    tried: new Set(),
    lastFailure: undefined,
    failed: new Map(),
    isStreamed: false,
  }
}

/** What the legs so far have cost. */
export function spentOf({ reports }: Pick<RunState, 'reports'>): NanoUsd {
  return addNanoUsd(...reports.map(report => report.costNanoUsd))
}
