import { createHash } from 'node:crypto'
import { GatewayError } from '#services/contract/errors'
import type { EngineQueue } from '#services/state/registry/worker-registry'
import { makeAttempts } from './endpoints/attempts.ts'
import type { BreakerOptions } from './endpoints/breaker.ts'
import type { InputOf } from './endpoints/input-failures.ts'
import type { CallEnd, Endpoint } from './endpoints/endpoint.ts'
import { createEndpointSet } from './endpoints/endpoint-set.ts'
import { watchEngineLoad, type EngineLoad } from './endpoints/engine-load.ts'
import { createRetryBudget } from './endpoints/retry-budget.ts'
import type { Line } from './wire/post.ts'
import { createRedact } from './errors/redact.ts'
import type { StreamTimes } from './wire/stream-chat.ts'
import type { Work } from '#services/backends/work'
import { silentMeter } from './upstream-meter.ts'
import type { BackendDependencies } from '../backend-dependencies.ts'

/** What every model on a server of its own has in common. */
export interface ServedSpec {
  /** Where it is, or `endpoints` for several that serve the same. */
  readonly baseUrl?: string
  readonly endpoints?: readonly string[]
  readonly apiKey?: string
  /** The server's name of the model. */
  readonly model: string
  /** The server's names of adapters, by ours. */
  readonly adapters?: Readonly<Record<string, string>>
  /** `lora` where an adapter does not take the place of the model's name. */
  readonly adapterField?: 'model' | 'lora'
  /** To open a connection: a server that is gone should cost no more. */
  readonly connectTimeoutMs: number
  readonly firstByteTimeoutMs: number
  readonly betweenChunksTimeoutMs: number
  readonly totalTimeoutMs?: number
  /** Attempts of one leg at most, over all endpoints. */
  readonly attempts?: number
  readonly breaker?: BreakerOptions
  /** Where the engine tells of its queue, such as `/metrics`. */
  readonly metricsPath?: string
  /** The same as whole addresses, one an endpoint, where endpoints do not speak HTTP. */
  readonly metricsUrls?: readonly string[]
}

/** Makes calls on the endpoints of a model. */
export interface Served {
  readonly times: StreamTimes
  /** Runs attempts, each on the endpoint that is best for it. @throws UpstreamError of the last one */
  attempt<T>(work: Work, signal: AbortSignal, run: (line: Line, firstPiece: () => void) => Promise<T>): Promise<T>
  /** The server's name for the model, or for the adapter that the leg wants. */
  modelFor(work: Work): string
  /** What the engine that the next call would go to has to do, where it tells. */
  engineQueue(): EngineQueue | undefined
  close(): Promise<void>
}

const defaultTotalTimeoutMs = 600_000
const defaultAttempts = 3
const defaultBreaker: BreakerOptions = { failures: 5, openMs: 5000 }

/** Makes the calls' common part. @throws GatewayError Config when there is no address */
export function createServed(
  spec: ServedSpec,
  headers: Readonly<Record<string, string>>,
  { clock, meter = silentMeter, breakers, name = spec.model }: BackendDependencies,
): Served {
  const baseUrls = spec.endpoints ?? (spec.baseUrl === undefined ? [] : [spec.baseUrl])
  if (baseUrls.length === 0) throw new GatewayError('Config', `model ${name} has neither baseUrl nor endpoints`)
  const options = { connectTimeoutMs: spec.connectTimeoutMs, ...(spec.breaker ?? defaultBreaker) }
  const now = (): number => clock.now()
  const set = createEndpointSet(baseUrls, options, now)
  breakers?.watch(name, set.endpoints)
  const budget = createRetryBudget()
  const load = loadOf(spec, set.endpoints)
  meter.watch(name, () =>
    set.endpoints.map(({ breaker, ejected, load: calls }, place) => ({ place, breaker, ejected, load: calls })),
  )
  const onEnd = (_endpoint: Endpoint, end: CallEnd): void =>
    meter.attempt(name, end.kind === 'failed' ? end.fault : end.kind === 'good' ? 'ok' : 'called-off')

  const secrets = secretsIn(headers)
  const modelFor = ({ recipe }: Work): string =>
    recipe.adapter === undefined || spec.adapterField === 'lora'
      ? spec.model
      : (spec.adapters?.[recipe.adapter] ?? recipe.adapter)

  return {
    times: {
      firstByteTimeoutMs: spec.firstByteTimeoutMs,
      betweenChunksTimeoutMs: spec.betweenChunksTimeoutMs,
      totalTimeoutMs: spec.totalTimeoutMs ?? defaultTotalTimeoutMs,
    },
    attempt(work, signal, run) {
      const redact = createRedact(work, { secrets, shown: [modelFor(work)] })
      return makeAttempts(
        {
          endpoints: set,
          budget,
          mostAttempts: spec.attempts ?? defaultAttempts,
          deadlineAt: work.deadlineAt,
          now,
          signal,
          onEnd,
          input: inputOf(work),
          ...(work.affinityKey === undefined ? {} : { affinityKey: work.affinityKey }),
        },
        ({ baseUrl, dispatcher }, firstPiece) =>
          run({ baseUrl, dispatcher, redact, headers: tracedHeaders(headers, work) }, firstPiece),
      )
    },
    modelFor,
    engineQueue: () => load?.queue(),
    async close() {
      load?.stop()
      await set.close()
    },
  }
}

/** What tells of the engines' queues, where they tell. */
function loadOf({ metricsPath, metricsUrls }: ServedSpec, endpoints: readonly Endpoint[]): EngineLoad | undefined {
  if (metricsUrls !== undefined) {
    return watchEngineLoad(endpoints, endpoint => new URL(metricsUrls[endpoints.indexOf(endpoint)] ?? ''))
  }
  return metricsPath === undefined
    ? undefined
    : watchEngineLoad(endpoints, ({ baseUrl }) => new URL(metricsPath, baseUrl))
}

/** A name for what a leg asks, which is made once and when it is needed first: media are long. */
function inputOf({ task, parts, options, recipe }: Work): InputOf {
  let name: string | undefined
  return () => {
    if (name !== undefined) return name
    const hash = createHash('sha1').update(JSON.stringify({ task, options, recipe }))
    for (const part of parts) hash.update('\0').update('bytes' in part ? part.bytes : JSON.stringify(part))
    return (name = hash.digest('base64'))
  }
}

/** The keys among the headers, with and without the word before them. */
function secretsIn(headers: Line['headers']): readonly string[] {
  const values = Object.entries(headers).flatMap(([name, value]) => (name === 'anthropic-version' ? [] : [value]))
  return values.flatMap(value => [value, value.replace(/^\w+ /u, '')])
}

/** @source W3C Trace Context, section 3 */
function tracedHeaders(headers: Line['headers'], { traceparent, tracestate }: Work): Line['headers'] {
  if (traceparent === undefined) return headers
  return { ...headers, traceparent, ...(tracestate === undefined ? {} : { tracestate }) }
}
