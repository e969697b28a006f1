import { createHash } from 'node:crypto'
import { createEndpoint, type Endpoint, type EndpointOptions } from './endpoint.ts'
import type { InputOf } from './input-failures.ts'
import { outliersOf } from './outliers.ts'
import { outlierEveryMs } from '#services/backends/timings'

/** What an endpoint is picked by. */
export interface PickOptions {
  /** Calls with one key prefer one endpoint, whose prefix cache knows them. */
  readonly affinityKey?: string
  /** Endpoints that failed this call already: asked again only where there is no other. */
  readonly avoid: ReadonlySet<string>
  /** Names the input: an endpoint that it failed on again and again is not asked with it for a while. */
  readonly input?: InputOf
}

/** The endpoints of one model. */
export interface EndpointSet {
  readonly endpoints: readonly Endpoint[]
  /** The endpoint to call, after its rest if it asked for one; `undefined` while every one is shut off. */
  choose(options: PickOptions): Endpoint | undefined
  /** Whether another endpoint than those to be avoided may be called now. */
  hasOther(avoid: ReadonlySet<string>, input?: InputOf): boolean
  close(): Promise<void>
}

/**
 * Makes the set: affinity first, unless that endpoint has far more to do than the others; else the one with the least
 * load.
 */
export function createEndpointSet(
  baseUrls: readonly string[],
  options: EndpointOptions,
  now: () => number,
): EndpointSet {
  const endpoints = baseUrls.map(baseUrl => createEndpoint(baseUrl, options, now))
  let checkedAt = 0
  let turn = 0

  const ejectOutliers = (): void => {
    if (endpoints.length < 2 || now() - checkedAt < outlierEveryMs) return
    checkedAt = now()
    const out = endpoints.filter(endpoint => endpoint.ejected).length
    const most = Math.floor(endpoints.length / 2) - out
    const places = outliersOf(
      endpoints.map(endpoint => endpoint.history),
      now(),
    )
    for (const place of places.slice(0, Math.max(0, most))) endpoints[place]?.eject()
  }

  return {
    endpoints,
    choose({ affinityKey, avoid, input }) {
      ejectOutliers()
      const open = endpoints.filter(endpoint => endpoint.available(input))
      const among = preferred(
        preferred(open, endpoint => !avoid.has(endpoint.baseUrl)),
        isAwake,
      )
      const liked = affinityKey === undefined ? undefined : likedOf(among, affinityKey)
      if (liked !== undefined && liked.load <= mostLoadOf(among)) return liked
      turn += 1
      return leastLoaded(among, turn)
    },
    hasOther: (avoid, input) =>
      endpoints.some(endpoint => !avoid.has(endpoint.baseUrl) && endpoint.available(input) && isAwake(endpoint)),
    async close() {
      await Promise.all(endpoints.map(endpoint => endpoint.close()))
    },
  }
}

function isAwake(endpoint: Endpoint): boolean {
  return endpoint.restsForMs === 0
}

/** Those that are better, or all where none is. */
function preferred(among: readonly Endpoint[], better: (endpoint: Endpoint) => boolean): readonly Endpoint[] {
  const good = among.filter(better)
  return good.length > 0 ? good : among
}

/**
 * The endpoint that this key ranks highest: the same in every worker, and the keys of one that goes spread over the
 * others.
 * @source Thaler and Ravishankar, "A Name-Based Mapping Scheme for Rendezvous" (1996)
 */
function likedOf(among: readonly Endpoint[], key: string): Endpoint | undefined {
  if (among.length < 2) return among[0]
  return among
    .map(endpoint => ({ endpoint, rank: createHash('sha1').update(`${key}\0${endpoint.baseUrl}`).digest('hex') }))
    .toSorted((one, other) => (one.rank < other.rank ? 1 : -1))[0]?.endpoint
}

/**
 * A warm cache justifies a load of a quarter above the mean plus two calls, not more.
 * @source Mirrokni, Thorup and Zadimoghaddam, "Consistent Hashing with Bounded Loads" (2016)
 */
function mostLoadOf(among: readonly Endpoint[]): number {
  const mean = among.reduce((sum, endpoint) => sum + endpoint.load, 0) / Math.max(1, among.length)
  return 1.25 * mean + 2
}

/** Of equals another one at each turn. */
function leastLoaded(among: readonly Endpoint[], turn: number): Endpoint | undefined {
  const least = Math.min(...among.map(endpoint => endpoint.load))
  const equals = among.filter(endpoint => endpoint.load === least)
  return equals[turn % Math.max(1, equals.length)]
}
