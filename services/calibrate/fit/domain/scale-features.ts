import type { DomainFile } from '#services/decision/domain/domain-schema'
import { rounded } from '#services/calibrate/round'

/** A feature of fewer rows would fit noise. */
const leastShare = 0.2
/**
 * Least scale, and as a share of the mean: a feature that is the same in every row is unusual where it differs by
 * more.
 */
const leastScale = 0.01
const leastRatio = 0.02

/** Means and deviations of every feature that enough rows have, those that are the same in all of them too. */
export function scaleFeatures(
  rows: readonly Readonly<Record<string, number>>[],
): Pick<DomainFile['features'], 'names' | 'means' | 'scales'> {
  const values = new Map<string, number[]>()
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      if (!Number.isFinite(value)) continue
      const list = values.get(name)
      if (list === undefined) values.set(name, [value])
      else list.push(value)
    }
  }
  const kept = [...values]
    .filter(([, list]) => list.length >= rows.length * leastShare)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, list]) => {
      const mean = list.reduce((sum, value) => sum + value, 0) / list.length
      const deviation = Math.sqrt(list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / list.length)
      return { name, mean: rounded(mean), scale: rounded(Math.max(deviation, leastScale, leastRatio * Math.abs(mean))) }
    })
  return { names: kept.map(one => one.name), means: kept.map(one => one.mean), scales: kept.map(one => one.scale) }
}
