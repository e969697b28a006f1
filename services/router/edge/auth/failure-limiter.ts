import { isIPv6 } from 'node:net'
import type { Clock } from '#services/contract/clock'
import { GatewayError } from '#services/contract/errors'

/** How many wrong credentials one peer may show. */
export interface FailureLimits {
  /** Wrong credentials a minute, and as many at once. */
  readonly perMinute: number
  /** Peers remembered at once; the one longest known is forgotten first. */
  readonly peers: number
}

/** Stands before every proof that costs something. */
export interface FailureLimiter {
  /** @throws GatewayError RateLimited when this peer has failed too often */
  demandRoom(peer: string): void
  /** Remembers a failure. */
  count(peer: string): void
}

const minuteMs = 60_000

/**
 * Counts failures by peer in the memory of this process.
 * @source Generic Cell Rate Algorithm, ITU-T I.371, as virtual scheduling: one number a peer
 */
export function createFailureLimiter({ perMinute, peers }: FailureLimits, clock: Clock): FailureLimiter {
  const intervalMs = minuteMs / perMinute
  const arrivals = new Map<string, number>()
  return {
    demandRoom(peer) {
      const waitMs = (arrivals.get(networkOf(peer)) ?? 0) - clock.now() - minuteMs + intervalMs
      if (waitMs <= 0) return
      throw new GatewayError('RateLimited', 'too many wrong credentials came from this address', {
        stage: 'admit',
        reason: 'CREDENTIAL_FAILURES',
        retryAfterMs: Math.ceil(waitMs),
      })
    },
    count(peer) {
      const network = networkOf(peer)
      const next = Math.max(arrivals.get(network) ?? 0, clock.now()) + intervalMs
      // Taken out and put in again, so that the order of the map is that of the last failure.
      arrivals.delete(network)
      arrivals.set(network, next)
      if (arrivals.size > peers) arrivals.delete(arrivals.keys().next().value ?? '')
    },
  }
}

/** An address without its port; of IPv6 the first 64 bits, since whoever has one address of such a network has all. */
function networkOf(peer: string): string {
  const host = peer.replace(/:\d+$/u, '').replaceAll(/[[\]]/gu, '')
  if (!isIPv6(host) || host.includes('.')) return host
  const [head = ''] = host.split('::')
  const groups = head.split(':').filter(group => group !== '')
  return [...groups, '0', '0', '0', '0'].slice(0, 4).join(':')
}
