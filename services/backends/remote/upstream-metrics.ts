import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Logger } from 'pino'
import { oddities } from '#services/backends/oddity'
import type { EndpointView, UpstreamMeter } from './upstream-meter.ts'

/** Seconds to the first piece: from a small model near by to the longest that is waited. */
const firstBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60]
/** Seconds between tokens: from 1,000 tokens a second to two. */
const tokenBuckets = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5]

const directions = [
  ['input', 'input'],
  ['cached', 'cache_read'],
  ['cacheWritten', 'cache_write'],
  ['output', 'output'],
  ['reasoning', 'reasoning'],
] as const

const breakerLevels = { closed: 0, 'half-open': 1, open: 2 } as const

/**
 * Registers the metrics of calls to servers. Labels are configured models, places of endpoints, and closed sets of
 * ends.
 */
export function createUpstreamMeter(registry: Registry, logger?: Logger): UpstreamMeter {
  const registers = [registry]
  const attempts = new Counter({
    name: 'sluice_worker_upstream_attempts_total',
    help: 'Attempts on servers, by model and how they ended.',
    labelNames: ['model', 'end'],
    registers,
  })
  const first = new Histogram({
    name: 'sluice_worker_first_token_seconds',
    help: 'Time from a request to a server to the first piece of its answer.',
    labelNames: ['model'],
    buckets: firstBuckets,
    registers,
  })
  const between = new Histogram({
    name: 'sluice_worker_token_seconds',
    help: 'Mean time between the tokens of an answer.',
    labelNames: ['model'],
    buckets: tokenBuckets,
    registers,
  })
  const tokens = new Counter({
    name: 'sluice_worker_tokens_total',
    help: 'Tokens billed, by model, direction, and who counted them.',
    labelNames: ['model', 'direction', 'source'],
    registers,
  })
  const odd = new Counter({
    name: 'sluice_worker_upstream_oddities_total',
    help: 'Answers of servers that were taken though something beside them was odd, by what.',
    labelNames: ['kind'],
    registers,
  })
  // A series that is there from the start shows its first increase, which an alert may be about.
  for (const kind of oddities) odd.inc({ kind }, 0)
  const seen = new Set<string>()
  const watched = new Map<string, () => readonly EndpointView[]>()
  registerGauges(registry, watched)
  return {
    attempt: (model, end) => attempts.inc({ model, end }),
    firstPiece: (model, ms) => first.observe({ model }, ms / 1000),
    tokenTime: (model, ms) => between.observe({ model }, ms / 1000),
    tokens(model, { estimated, ...counts }) {
      const source = estimated ? 'estimate' : 'server'
      for (const [count, direction] of directions) tokens.inc({ model, direction, source }, counts[count])
    },
    oddity(model, kind) {
      odd.inc({ kind })
      // One log line names the server; the counter counts.
      if (seen.has(`${kind} ${model}`)) return
      seen.add(`${kind} ${model}`)
      logger?.warn({ model, kind }, 'a model server deviates from its protocol; its answers are accepted')
    },
    watch: (model, states) => void watched.set(model, states),
  }
}

function registerGauges(registry: Registry, watched: ReadonlyMap<string, () => readonly EndpointView[]>): void {
  const gauge = (
    name: string,
    help: string,
    read: (view: EndpointView) => number,
    aggregator: 'max' | 'sum' = 'max',
  ): void => {
    new Gauge({
      name,
      help,
      labelNames: ['model', 'endpoint'],
      registers: [registry],
      aggregator,
      collect() {
        for (const [model, states] of watched) {
          for (const view of states()) this.set({ model, endpoint: String(view.place) }, read(view))
        }
      },
    })
  }
  gauge(
    'sluice_worker_breaker_state',
    'Breaker of an endpoint, by its place in the configuration: 0 closed, 1 half-open, 2 open.',
    view => breakerLevels[view.breaker],
  )
  gauge('sluice_worker_endpoint_ejected', '1 while an endpoint is out as an outlier.', view => Number(view.ejected))
  gauge(
    'sluice_worker_endpoint_load_calls',
    'Calls under way on an endpoint from here, and those that its engine says are waiting.',
    view => view.load,
    'sum',
  )
}
