import { createHash } from 'node:crypto'
import type { ShutEndpoint } from '#services/state/registry/worker-registry'
import type { Endpoint } from './endpoint.ts'

/** What the breakers of one process tell those of others, and hear of them. */
export interface SharedBreakers {
  /** Takes part with the endpoints of a model. */
  watch(model: string, endpoints: readonly WatchedEndpoint[]): void
  /** What this process has shut off now. */
  shut(): readonly ShutEndpoint[]
  /** Takes what any process has shut off. */
  hear(shut: readonly ShutEndpoint[]): void
}

type WatchedEndpoint = Pick<Endpoint, 'baseUrl' | 'shutUntil' | 'suspect'>

/** Makes the sharing of one process. */
export function createSharedBreakers(): SharedBreakers {
  const watched = new Map<string, WatchedEndpoint>()
  return {
    watch(model, endpoints) {
      for (const endpoint of endpoints) watched.set(nameOf(model, endpoint), endpoint)
    },
    shut: () =>
      [...watched].flatMap(([endpoint, { shutUntil: untilAt }]) =>
        untilAt === undefined ? [] : [{ endpoint, untilAt: Math.ceil(untilAt) }],
      ),
    hear(shut) {
      for (const { endpoint, untilAt } of shut) watched.get(endpoint)?.suspect(untilAt)
    },
  }
}

/** An address can hold a key. */
function nameOf(model: string, { baseUrl }: WatchedEndpoint): string {
  return `${model} ${createHash('sha256').update(baseUrl).digest('hex').slice(0, 16)}`
}
