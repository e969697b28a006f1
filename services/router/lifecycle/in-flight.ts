import type { Logger } from 'pino'
import { GatewayError } from '#services/contract/errors'
import { drainLookEveryMs } from '#services/router/lifecycle/timings'

/** Whose call it is. */
export interface Party {
  readonly tenant: string
  /** Address and port of the client. */
  readonly connection: string
}

/** What this router carries at once. */
export interface InFlight {
  /**
   * Lets a call in; the function given back lets it go.
   * @throws GatewayError Overloaded when there is no room, RateLimited when its tenant or its connection has its
   * share
   */
  enter(party: Party): () => void
  /** Carries cascades whose caller does not wait. */
  background(logger: Logger): (inProgress: Promise<unknown>) => void
  readonly count: number
  /** How many more could be carried. */
  readonly room: number
  /** Resolves when nothing is carried any more, or after `timeoutMs`. */
  empty(timeoutMs: number): Promise<void>
}

/**
 * Counts calls and background cascades together against one limit; calls of one tenant, and of one connection, may take
 * `share` of it.
 */
export function createInFlight(most: number, share = 1): InFlight {
  let count = 0
  const mostOfOne = Math.max(1, Math.floor(most * share))
  const byTenant = new Map<string, number>()
  const byConnection = new Map<string, number>()
  return {
    enter({ tenant, connection }) {
      if (count >= most) {
        throw new GatewayError('Overloaded', 'the router is at its limit of requests in flight', {
          reason: 'IN_FLIGHT_FULL',
          retryAfterMs: 1000,
        })
      }
      if ((byTenant.get(tenant) ?? 0) >= mostOfOne) throw fullShare('tenant', mostOfOne)
      if ((byConnection.get(connection) ?? 0) >= mostOfOne) throw fullShare('connection', mostOfOne)
      count += 1
      add(byTenant, tenant, 1)
      add(byConnection, connection, 1)
      let left = false
      return () => {
        if (left) return
        left = true
        count -= 1
        add(byTenant, tenant, -1)
        add(byConnection, connection, -1)
      }
    },
    background: logger => inProgress => {
      count += 1
      inProgress
        .catch((error: unknown) =>
          logger.warn(
            { err: error },
            'a background cascade ended early; another router takes it over when its lease ends',
          ),
        )
        .finally(() => {
          count -= 1
        })
    },
    get count() {
      return count
    },
    get room() {
      return Math.max(0, most - count)
    },
    async empty(timeoutMs) {
      const untilAt = Date.now() + timeoutMs
      while (count > 0 && Date.now() < untilAt) {
        await new Promise(resolve => {
          setTimeout(resolve, drainLookEveryMs)
        })
      }
    },
  }
}

function add(counts: Map<string, number>, name: string, change: number): void {
  const count = (counts.get(name) ?? 0) + change
  if (count === 0) counts.delete(name)
  else counts.set(name, count)
}

function fullShare(whose: 'tenant' | 'connection', most: number): GatewayError {
  const description = `${most} requests under way on this router`
  return new GatewayError('RateLimited', `this ${whose} has its share of the router: ${description}`, {
    reason: whose === 'tenant' ? 'TENANT_IN_FLIGHT_FULL' : 'CONNECTION_IN_FLIGHT_FULL',
    quota: { subject: `${whose}:in-flight`, description },
    retryAfterMs: 1000,
  })
}
