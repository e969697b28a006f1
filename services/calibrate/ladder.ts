import type { ModelAnswer } from '#services/decision/policy/policy'
import type { OutcomeRow } from './states.ts'

/** With more rungs than this not every subset of them is tried as a chain, but those of one, two and all. */
const mostForSubsets = 5

/** Every pair of rungs, the cheaper first. */
export function pairsOf(models: readonly string[]): readonly (readonly [string, string])[] {
  return models.flatMap((from, index) => models.slice(index + 1).map(to => [from, to] as const))
}

/** Every chain of rungs that is tried, from cheap to expensive in each. */
export function chainsOf(models: readonly string[]): readonly (readonly string[])[] {
  if (models.length > mostForSubsets) return [...models.map(model => [model]), ...pairsOf(models), models]
  const chains: string[][] = []
  for (let bits = 1; bits < 1 << models.length; bits += 1) {
    chains.push(models.filter((_, index) => (bits >> index) % 2 === 1))
  }
  return chains
}

/** A recorded outcome as the gate takes it. */
export function modelAnswerOf(row: OutcomeRow, model: string): ModelAnswer {
  const { confidence, signals, answer, outputChars } = row.outcomes[model] ?? {}
  return {
    model,
    ...(confidence === undefined ? {} : { rawConfidence: confidence }),
    ...(signals === undefined ? {} : { signals }),
    ...(answer === undefined ? {} : { answer }),
    ...(outputChars === undefined ? {} : { outputChars }),
  }
}

/** The loss of a row: its answer is wrong and comes from a cheaper rung, and the most expensive model's is right. */
export function isLoss(row: OutcomeRow, answer: string, mostExpensive: string): boolean {
  if (answer === mostExpensive) return false
  return (row.outcomes[answer]?.score ?? 0) < 0.5 && (row.outcomes[mostExpensive]?.score ?? 0) >= 0.5
}
