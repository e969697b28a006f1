import { binOf, toleranceAt, type FeatureReference, type PolicyReference } from '#services/decision/policy/reference'
import { rounded } from '#services/calibrate/round'

type Features = Readonly<Record<string, number>>

/** Ten bins resolve the usual drifts and need few rows each. */
const bins = 10
/** Features beyond these are the rarest, and every one is a series of a metric. */
const mostFeatures = 64
/** A feature of fewer rows would fit noise. */
const fewestRows = 20

/** What the inputs of a fit looked like, so that a gateway can tell when those that it gets look otherwise. Pure. */
export function fitReference(rows: readonly Features[]): PolicyReference {
  const counts = new Map<string, number>()
  for (const row of rows) for (const name of Object.keys(row)) counts.set(name, (counts.get(name) ?? 0) + 1)
  const names = [...counts]
    .filter(([, count]) => count >= Math.min(fewestRows, rows.length))
    .toSorted(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
    .slice(0, mostFeatures)
    .map(([name]) => name)
  const features = names.toSorted().map(name => [name, referenceOf(name, rows)] as const)
  return { rows: Math.max(1, rows.length), features: Object.fromEntries(features) }
}

/**
 * Borders at the deciles, each once, and around all of them, so that values such as no row had have bins of their
 * own: a feature that was always the same would else never be seen to move.
 */
function referenceOf(name: string, rows: readonly Features[]): FeatureReference {
  const values = rows.flatMap(row => row[name] ?? []).toSorted((a, b) => a - b)
  const least = values[0] ?? 0
  const inner = Array.from({ length: bins - 1 }, (_, at) => values[Math.floor(((at + 1) / bins) * values.length)] ?? 0)
  const outer = [least - 2 * toleranceAt(least), values.at(-1) ?? 0]
  const borders = [...new Set([...inner, ...outer].map(rounded))].toSorted((a, b) => a - b)
  const counts = Array.from({ length: borders.length + 2 }, () => 0)
  for (const row of rows) counts[binOf(row[name], borders)]! += 1
  return { borders, shares: counts.map(count => rounded(count / rows.length)) }
}
