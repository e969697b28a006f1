/** One series of a scrape. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Values of one scrape. */
export interface Scrape {
  /** Sum of the series of a metric whose labels have these values. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number
  /** Values that a label has on a metric, in order. */
  valuesOf(name: string, label: string): readonly string[]
}

const line = /^([a-zA-Z_:][\w:]*)(?:\{(.*?)\})? (\S+)(?: # .*)?$/u
const pair = /(\w+)="((?:[^"\\]|\\.)*)"/gu

/**
 * Reads metrics in the text format of Prometheus.
 * @source OpenMetrics 1.0, text format; lines that it does not know are left out
 */
export function readMetrics(text: string): Scrape {
  const samples = text.split('\n').flatMap((one): Sample[] => {
    const [, name, labels = '', value] = line.exec(one) ?? []
    if (name === undefined) return []
    const pairs = [...labels.matchAll(pair)].map(([, key = '', content = '']) => [key, content])
    return [{ name, labels: Object.fromEntries(pairs) as Sample['labels'], value: Number(value) }]
  })
  return {
    sum: (name, labels = {}) =>
      samples
        .filter(one => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value))
        .reduce((sum, { value }) => sum + value, 0),
    valuesOf: (name, label) =>
      [...new Set(samples.flatMap(one => (one.name === name ? (one.labels[label] ?? []) : [])))].toSorted((a, b) =>
        a.localeCompare(b),
      ),
  }
}
