import { standardised } from '#services/decision/policy/featurize'
import type { CodedFeatures, FeatureTable } from './feature-table.ts'

/** How named numbers become inputs. */
export interface Scaling {
  readonly names: string[]
  readonly means: number[]
  readonly scales: number[]
}

/** An indicator, such as an answer's label, is a feature of its own when as many rows have it. */
const fewestOfIndicator = 8
/** In one family, such as the labels of one model's answers, only the most frequent are kept apart. */
const mostOfFamily = 40
/** Newton's step costs the square of the features. */
const mostIndicators = 160
/** A feature of fewer rows gets no weight. */
const leastShare = 0.2

/**
 * Scales every feature that enough rows have and that is not the same in all of them. `rowOf` tells of which row each
 * line of the table is, where a row gives several: a word that one answer consists of is no label, however often that
 * row is met.
 */
export function fitScaling(
  { names, rows }: FeatureTable,
  rowOf: readonly number[] = rows.map((_, index) => index),
): Scaling {
  const lists = names.map((): number[] => [])
  const bearers = names.map(() => new Set<number>())
  rows.forEach(({ places, values }, index) => {
    for (let at = 0; at < places.length; at += 1) {
      const place = places[at]!
      lists[place]!.push(values[at]!)
      // Whether there are enough is all that is asked.
      if (bearers[place]!.size < fewestOfIndicator) bearers[place]!.add(rowOf[index]!)
    }
  })
  const borne = new Set(names.filter((_, place) => bearers[place]!.size >= fewestOfIndicator))
  const values = names.map((name, place) => [name, lists[place]!] as const)
  const measured = values.filter(([name, list]) => !isIndicator(name) && list.length >= rows.length * leastShare)
  const indicators = mostFrequent(values.filter(([name]) => isIndicator(name) && borne.has(name)))
  const kept = [
    ...measured.map(([name, list]) => ({ name, ...momentsOf(list, list.length) })),
    ...indicators.map(([name, list]) => ({ name, ...momentsOf(list, rows.length) })),
  ]
  const varied = kept
    .filter(({ deviation }) => deviation > 1e-9 && Number.isFinite(deviation))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return {
    names: varied.map(one => one.name),
    means: varied.map(one => one.mean),
    scales: varied.map(one => one.deviation),
  }
}

/** The most frequent of each family, and of all of them. */
function mostFrequent(indicators: readonly (readonly [string, number[]])[]): readonly (readonly [string, number[]])[] {
  const families = new Map<string, number>()
  return indicators
    .toSorted(([a, one], [b, two]) => two.length - one.length || (a < b ? -1 : 1))
    .filter(([name]) => {
      const family = name.slice(0, name.lastIndexOf('.') + 1)
      const count = families.get(family) ?? 0
      families.set(family, count + 1)
      return family === '' || count < mostOfFamily
    })
    .slice(0, mostIndicators)
}

/**
 * Makes inputs out of the features of a table's rows, as `standardise` makes them by name: float32 [names of the
 * scaling]. What a row has not is the mean; an indicator that it has not is 0.
 */
export function standardiserOf(
  { names, means, scales }: Scaling,
  table: FeatureTable,
): (features: CodedFeatures) => Float32Array {
  const blank = Float32Array.from(names, (name, at) =>
    isIndicator(name) ? standardised(0, means[at]!, scales[at]!) : 0,
  )
  const columns = new Map(names.map((name, column) => [name, column]))
  const columnOf = Int32Array.from(table.names, name => columns.get(name) ?? -1)
  return ({ places, values }) => {
    const input = blank.slice()
    for (let at = 0; at < places.length; at += 1) {
      const column = columnOf[places[at]!]!
      if (column >= 0) input[column] = standardised(values[at]!, means[column]!, scales[column]!)
    }
    return input
  }
}

/** Features that are 0 where they are absent. */
function isIndicator(name: string): boolean {
  return name.startsWith('=')
}

/** Mean and deviation over `count` rows, of which those not listed have 0. */
function momentsOf(list: readonly number[], count: number): { mean: number; deviation: number } {
  const mean = list.reduce((sum, value) => sum + value, 0) / count
  const squares = list.reduce((sum, value) => sum + (value - mean) ** 2, 0) + (count - list.length) * mean ** 2
  return { mean, deviation: Math.sqrt(squares / count) }
}
