import { comparableOf, labelOf } from '#services/decision/calibrators/features/own-features'
import { modelAnswerOf } from '#services/calibrate/ladder'
import type { FeaturedRow } from '#services/calibrate/fit/kernel/fit-estimator'

/** More different answers than this are no set of labels. */
const mostLabels = 64
/** A label that is one of a set comes again. */
const fewestOfLabel = 8

/**
 * The chance that the answers of two rows are the same, as a mean over the models: what a guess scores. 0 where no
 * answers are known.
 * @source Scott, Reliability of content analysis (1955): agreement by chance
 */
export function chanceOf(rows: readonly FeaturedRow[], models: readonly string[]): number {
  const chances = models.flatMap(model => {
    const counts = countsOf(rows.flatMap(({ row }) => comparableOf(modelAnswerOf(row, model)) ?? []))
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
    if (total < 2) return []
    return [...counts.values()].reduce((sum, count) => sum + count * (count - 1), 0) / (total * (total - 1))
  })
  return chances.length === 0 ? 0 : chances.reduce((sum, one) => sum + one, 0) / chances.length
}

/** Every label, where all answers of all models are of few. */
export function closedLabels(rows: readonly FeaturedRow[], models: readonly string[]): { readonly labels?: string[] } {
  const answers = rows.flatMap(({ row }) => models.map(model => labelOf(modelAnswerOf(row, model))))
  const given = answers.filter(label => label !== undefined)
  const labels = [...new Set(given)].toSorted()
  const isClosed =
    given.length === answers.length &&
    labels.length > 1 &&
    labels.length <= Math.min(mostLabels, answers.length / fewestOfLabel)
  return isClosed ? { labels } : {}
}

function countsOf(values: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}
