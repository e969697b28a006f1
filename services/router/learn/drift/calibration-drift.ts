/** Where a score is from. */
export type ScoreSource = 'feedback' | 'shadow'

/** How well P(correct) held lately. */
export interface CalibrationMove {
  readonly ladder: string
  readonly source: ScoreSource
  readonly outcomes: number
  /** Mean of P(correct) less mean score: above 0 the policy trusts too much. */
  readonly gap: number
  /** Expected calibration error over {@link bins} bins. */
  readonly error: number
  /** What was said and what came, bin by bin; empty bins are left out. */
  readonly reliability: readonly ReliabilityBin[]
  /** Standard error of the gap, which separates noise of few outcomes from a real gap. */
  readonly gapError: number
}

/** P(correct) of an answer then, and how right it was. */
export interface ScoredAnswer {
  readonly confidence: number
  readonly score: number
}

/** Outcomes of about the same P(correct). */
export interface ReliabilityBin {
  /** Mean P(correct). */
  readonly predicted: number
  /** Mean score. */
  readonly observed: number
  readonly count: number
}

/** P(correct) compared with the observed outcomes. */
export interface CalibrationDrift {
  /** Takes an outcome; a later word on the same answer takes the place of the one before. */
  observe(ladder: string, source: ScoreSource, answer: string, outcome: ScoredAnswer): void
  moves(): readonly CalibrationMove[]
}

const bins = 10

/** Makes the windows, each of the latest `window` outcomes of a ladder and source. */
export function createCalibrationDrift({ window: size }: { readonly window: number }): CalibrationDrift {
  const windows = new Map<string, { ladder: string; source: ScoreSource; outcomes: Map<string, ScoredAnswer> }>()
  return {
    observe(ladder, source, answer, outcome) {
      const key = `${source} ${ladder}`
      const { outcomes } = windows.get(key) ?? { outcomes: new Map<string, ScoredAnswer>() }
      windows.set(key, { ladder, source, outcomes })
      outcomes.delete(answer)
      outcomes.set(answer, outcome)
      const [oldest] = outcomes.keys()
      if (outcomes.size > size && oldest !== undefined) outcomes.delete(oldest)
    },
    moves: () =>
      [...windows.values()].map(({ ladder, source, outcomes }) => moveOf(ladder, source, [...outcomes.values()])),
  }
}

function moveOf(ladder: string, source: ScoreSource, outcomes: readonly ScoredAnswer[]): CalibrationMove {
  const gaps = outcomes.map(one => one.confidence - one.score)
  const gap = mean(gaps)
  const variance = mean(gaps.map(one => (one - gap) ** 2))
  const reliability = binsOf(outcomes)
  const error = reliability.reduce(
    (sum, { predicted, observed, count }) => sum + Math.abs(predicted - observed) * count,
    0,
  )
  return {
    ladder,
    source,
    outcomes: outcomes.length,
    gap,
    error: error / Math.max(1, gaps.length),
    reliability,
    gapError: errorOfMean(variance, gaps.length),
  }
}

function binsOf(outcomes: readonly ScoredAnswer[]): readonly ReliabilityBin[] {
  const byBin = Array.from({ length: bins }, (): ScoredAnswer[] => [])
  for (const outcome of outcomes) {
    byBin[Math.min(bins - 1, Math.max(0, Math.floor(outcome.confidence * bins)))]!.push(outcome)
  }
  return byBin.flatMap(inBin =>
    inBin.length === 0
      ? []
      : {
          predicted: mean(inBin.map(one => one.confidence)),
          observed: mean(inBin.map(one => one.score)),
          count: inBin.length,
        },
  )
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}

/**
 * Few outcomes that all came out the same way have no variance, and are no proof: half an outcome of doubt is
 * added.
 */
function errorOfMean(variance: number, count: number): number {
  return count === 0 ? 1 : Math.sqrt(variance / count + (0.5 / count) ** 2)
}
