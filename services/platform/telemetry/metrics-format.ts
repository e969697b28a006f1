/** A format in which metrics are scraped. */
export type MetricsFormat = 'openmetrics' | 'text'

/** The `content-type` of each format. */
export const contentTypes: Readonly<Record<MetricsFormat, string>> = {
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  text: 'text/plain; version=0.0.4; charset=utf-8',
}

/**
 * Chooses the format that an `accept` header prefers. OpenMetrics must be asked for by name; whoever names nothing
 * that is served, such as a browser, gets text.
 * @source RFC 9110, section 12.5.1
 */
export function formatFor(accept = ''): MetricsFormat {
  const preferred = accept.split(',').map(one => {
    const [type = '', ...parameters] = one.split(';').map(piece => piece.trim().toLowerCase())
    const quality = Number(parameters.find(piece => piece.startsWith('q='))?.slice(2) ?? 1)
    return { type, quality: Number.isFinite(quality) ? quality : 0 }
  })
  const qualityOf = (type: string): number =>
    Math.max(0, ...preferred.filter(one => one.type === type).map(({ quality }) => quality))
  const openMetrics = qualityOf('application/openmetrics-text')
  return openMetrics > 0 && openMetrics >= qualityOf('text/plain') ? 'openmetrics' : 'text'
}

/**
 * Rewrites a page of OpenMetrics as Prometheus' text format 0.0.4: counters have `_total` in the name of their
 * family too, there are no exemplars and there is no end mark. prom-client cannot write both formats from one
 * registry: a page of OpenMetrics renames its counters.
 * @source Prometheus exposition formats
 */
export function toTextFormat(openMetrics: string): string {
  const counters = new Set(
    [...openMetrics.matchAll(/^# TYPE (\S+) counter$/gmu)].flatMap(([, name]) => (name === undefined ? [] : [name])),
  )
  return openMetrics
    .split('\n')
    .filter(line => line !== '# EOF')
    .map(line => {
      const [mark, word, name = '', ...rest] = line.split(' ')
      if (mark === '#' && counters.has(name)) return [mark, word, `${name}_total`, ...rest].join(' ')
      return line.startsWith('#') ? line : line.replace(/^(\S+?(?:\{.*\})? \S+) # \{.*$/u, '$1')
    })
    .join('\n')
}
