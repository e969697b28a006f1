/** A figure with its 95 % interval. */
export interface Figure {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** One bar of a reliability diagram. */
export interface ReliabilityBin {
  readonly predicted: number
  readonly observed: number
  readonly count: number
}

/** A point of cost against score. */
export interface CurvePoint {
  readonly meanCostUsd: number
  readonly meanScore: number
}

/** A router between the cheapest and the most expensive model, before any call. */
export interface RouterLine {
  readonly name: string
  readonly apgr: Figure
  readonly cpt50: Figure
  readonly cpt80: Figure
}

/** Rows that share the value of a column. */
export interface Slice {
  readonly name: string
  readonly rows: number
  /** Scores of the cheapest and of the most expensive model. */
  readonly small: number
  readonly large: number
  readonly policy: Figure
  readonly escalationRatio: number
  readonly escalation: Figure
  readonly costUsd: Figure
  readonly losses: number
  /** Share of losses among all rows of the slice, with its exact interval. */
  readonly risk: Figure
  /**
   * `exceeds`: the risk is over the limit, beyond what chance explains in any of the slices (5 % over all of them);
   * `may exceed`: the rows are over it, but so few that chance may be why.
   */
  readonly warning?: 'exceeds' | 'may exceed'
  /** With a certificate: with chance 1 - δ the risks of all slices are at most these. */
  readonly riskBound?: number
  readonly isCertified?: boolean
}

/** How rows were sliced, and what a slice's risk is compared with. */
export interface Slicing {
  readonly by: string
  /** The caller's limit on the risk, or the risk of all rows. */
  readonly limit: number
  readonly isLimitOfCaller: boolean
  /** Chance that some bound of a certificate does not hold; absent where none was asked for. */
  readonly delta?: number
  /** Rows that do not have the column. */
  readonly rowsWithout: number
}

/** A wrong answer that was trusted while the most expensive model was right. */
export interface Mistake {
  readonly id: string
  readonly group: string
  readonly model: string
  readonly confidence: number
  readonly excerpt: string
}

/** What `sluice eval` found. */
export interface EvalReport {
  readonly policy: string
  readonly models: readonly string[]
  readonly rows: number
  readonly seed: number
  /** The rows are those that the policy was fitted on: figures flatter it. */
  readonly fittedOn: boolean
  readonly costsKnown: boolean
  readonly alone: readonly (CurvePoint & { readonly model: string })[]
  readonly curve: readonly CurvePoint[]
  readonly oracle: CurvePoint
  readonly chosen: {
    readonly score: Figure
    readonly costUsd: Figure
    readonly marginalRisk: Figure
    readonly selectiveRisk: Figure
  }
  /**
   * Mean score over the costs between the cheapest and the most expensive model: of the policy, and of mixing those
   * two at random.
   */
  readonly aiq: { readonly policy: Figure; readonly randomMix: Figure; readonly gain: Figure }
  readonly routers: readonly RouterLine[]
  readonly ece: Figure
  /** What chance alone would leave of it to a perfect calibrator. */
  readonly eceOfChance: number
  readonly reliability: readonly ReliabilityBin[]
  readonly paths: readonly { readonly calls: string; readonly share: number; readonly score: number }[]
  readonly risks: readonly {
    readonly maxRisk: number
    readonly certified: boolean
    readonly marginalRisk: number
    readonly selectiveRisk: number
    readonly meanCostUsd: number
  }[]
  readonly slicing: Slicing
  readonly slices: readonly Slice[]
  readonly mistakes: readonly Mistake[]
}
