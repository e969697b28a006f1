import type { DegradedReason, RungReport, Verdict } from '#services/contract/answer'
import type { Modality, Task } from '#services/contract/content'
import type { RequestId } from '#services/contract/ids'
import type { NanoUsd } from '#services/contract/money'
import type { Receipt } from '#services/state/cascade-log/cascade-log'

/** One request as operators see it. It holds nothing of what was asked or answered. */
export interface WatchedRequest {
  readonly id: RequestId
  /** Epoch ms of its arrival; every other time is ms since then. */
  readonly at: number
  readonly tenant: string
  readonly task: Task
  readonly mode: 'sync' | 'async'
  readonly modalities: readonly Modality[]
  readonly limits: WatchedLimits
  readonly stages: WatchedStage[]
  decision?: WatchedDecision
  readonly legs: WatchedLeg[]
  end?: WatchedEnd
}

/** What its caller asked to be held to. */
export interface WatchedLimits {
  readonly maxCostNanoUsd?: NanoUsd
  readonly maxRisk?: number
  readonly minQuality?: number
  readonly deadlineMs?: number
  readonly model?: string
  readonly tier?: string
  readonly priority?: string
}

/** A stage of the pipeline that it went through. */
export interface WatchedStage {
  readonly name: string
  readonly fromMs: number
  readonly untilMs: number
}

/** What was decided before the first leg. */
export interface WatchedDecision {
  readonly ladder: string
  readonly policyVersion: string
  /** Every rung of the ladder, cheap to expensive. */
  readonly candidates: readonly WatchedCandidate[]
  readonly difficulty?: number
  readonly outOfDomain?: true
  readonly features: Readonly<Record<string, number>>
  readonly firstRung?: string
  readonly firstReason?: string
  readonly reserveNanoUsd: NanoUsd
}

/** A rung with what was predicted of it. */
export interface WatchedCandidate {
  readonly model: string
  readonly tier: string
  readonly quality?: number
  readonly costNanoUsd?: NanoUsd
  readonly latencyMs?: number
  readonly waitMs?: number
  readonly reserveNanoUsd?: NanoUsd
  /** The filter that took it out, and why. */
  readonly removedBy?: string
  readonly removedWhy?: string
}

/** A call of a rung. */
export interface WatchedLeg {
  readonly model: string
  readonly tier: string
  readonly pool: string
  /** When it was put into its queue. */
  readonly plannedMs: number
  verdict?: Verdict
  reason?: string
  confidence?: number
  costNanoUsd?: NanoUsd
  /** When the router learned of its end. */
  verdictMs?: number
  purpose?: string
  failure?: string
  receipt?: WatchedReceipt
}

/** What a worker says that a leg used. */
export interface WatchedReceipt extends Pick<Receipt, 'usage' | 'costNanoUsd' | 'workerId' | 'attempt'> {
  readonly fromMs: number
  readonly untilMs: number
}

/** How it ended. */
export interface WatchedEnd {
  readonly kind: 'answered' | 'failed' | 'cancelled'
  readonly atMs: number
  readonly costNanoUsd: NanoUsd
  readonly model?: string
  readonly tier?: string
  readonly confidence?: number
  readonly degraded?: DegradedReason
  readonly code?: string
  readonly message?: string
  /** Rungs that were passed over without a call. */
  readonly skipped: readonly RungReport[]
}
