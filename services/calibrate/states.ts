import type { PartDescription } from '#services/decision/policy/policy'

/** What is known of one request: its content and what each model made of it. */
export interface OutcomeRow {
  readonly id: string
  readonly dataset: string
  readonly group?: string
  /** Whatever else the row says of itself, such as its speaker. */
  readonly columns?: Readonly<Record<string, string>>
  readonly parts: readonly PartDescription[]
  /** Features as a gateway saw them, for rows whose content was not kept; they stand in for those of `parts`. */
  readonly features?: Readonly<Record<string, number>>
  readonly outcomes: Readonly<Record<string, Outcome>>
}

/** What one model made of a request. */
export interface Outcome {
  /** In [0,1]; absent from inputs to `score` and `replay`. */
  readonly score?: number
  readonly costUsd?: number
  readonly latencyMs?: number
  readonly confidence?: number
  readonly answer?: string
  readonly outputChars?: number
  readonly signals?: Readonly<Record<string, number>>
}

/**
 * What calls cost, in USD; where costs are not known of every model, a call of the most expensive is one and any other
 * nothing.
 */
export interface CostTable {
  readonly known: boolean
  /** By model: what a call usually costs. */
  readonly usual: ReadonlyMap<string, number>
  /** What these calls cost on a row: as recorded, else as usual. */
  readonly spent: (row: OutcomeRow, calls: readonly string[]) => number
}
