import type { DomainFile } from '#services/decision/domain/domain-schema'

/**
 * One part of the input as the estimator sees it: text, or what is known of a medium (headers or decoded
 * statistics).
 */
export type PartDescription =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'image'; readonly features: Readonly<Record<string, number>>; readonly text?: string }
  | { readonly kind: 'audio'; readonly features: Readonly<Record<string, number>> }
  | { readonly kind: 'video' | 'document' | 'conversation'; readonly features: Readonly<Record<string, number>> }
/** What is predicted of one model. */
export interface ModelEstimate {
  readonly quality: number
  readonly costNanoUsd?: number
  readonly latencyMs?: number
  readonly outputChars?: number
}
/** Distance of an input from the rows that its policy was fitted on. */
export interface DomainCheck {
  /** 0 is the middle of those rows, 1 what one in fifty like them exceeds. */
  readonly unlikeness: number
  readonly limit: number
  readonly outOfDomain: boolean
  /** The caller's labels are not those of the fit. */
  readonly otherLabels?: true
  /** Share of P(correct) that still counts, in [0,1]. */
  readonly kept: number
  /** P(correct) where none of it counts. */
  readonly floor: number
  /** By model: what its own confidence says there. */
  readonly outside?: DomainFile['outside']
}
/** What is predicted of an input. */
export interface Estimate {
  readonly difficulty: number
  readonly models: Readonly<Record<string, ModelEstimate>>
  readonly features: Readonly<Record<string, number>>
  readonly fallback?: 'timeout' | 'error' | 'no-estimator'
  /** Absent where the policy knows no domain. */
  readonly domain?: DomainCheck
}
/** A model's answer, before it is calibrated. */
export interface ModelAnswer {
  readonly model: string
  readonly rawConfidence?: number
  readonly signals?: Readonly<Record<string, number>>
  readonly answer?: string
  /** The comparable form of the answer, where it was computed already. */
  readonly comparable?: string
  /** False where the answer is text to its policy, however short it is. */
  readonly isLabel?: boolean
  readonly outputChars?: number
}
/** An answer with its P(correct). */
export interface Called extends ModelAnswer {
  readonly confidence: number
  /** What the answer is known to lack lets it be right with this probability at most. */
  readonly mostConfidence?: number
  readonly costNanoUsd: number
}
/** A rung that may be called. */
export interface Candidate {
  readonly model: string
  readonly costNanoUsd: number
  readonly latencyMs?: number
}
/** The caller's limits. */
export interface Limits {
  readonly maxRisk?: number
  readonly minQuality?: number
  readonly costWeight?: number
}
/** What to do next. */
export type Step =
  | { readonly kind: 'call'; readonly model: string; readonly reason: string }
  | { readonly kind: 'stop'; readonly model: string; readonly reason: string }
/** Decides. */
export interface Policy {
  readonly version: string
  readonly models: readonly string[]
  /** Quality that a call must gain for one USD; absent where money has no part in its decisions. */
  readonly costWeight?: number
  /**
   * `labels` are those that the caller wants chosen among, if it named any. The estimate is there at once where
   * nothing is asked of another process.
   */
  estimate(parts: readonly PartDescription[], labels?: readonly string[]): Promise<Estimate> | Estimate
  /** P(correct) of each of the answers so far, given all of them. */
  confidences(answers: readonly ModelAnswer[], estimate: Estimate): readonly number[]
  next(estimate: Estimate, called: readonly Called[], candidates: readonly Candidate[], limits: Limits): Step
}
