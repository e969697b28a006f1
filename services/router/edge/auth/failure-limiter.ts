import { isIPv6 } from 'node:net'
import type { Clock } from '#services/contract/clock'
import { GatewayError } from '#services/contract/errors'

/** How many wrong credentials one address may show. */
export interface FailureLimits {
  /** Wrong credentials of one key id a minute, and as many at once; all that carry no key id count as one. */
  readonly perMinute: number
  /** Counts kept at once; the one that was touched longest ago is forgotten first. */
  readonly peers: number
}

/** Limits how often expensive authenticators run. */
export interface FailureLimiter {
  /** @throws GatewayError RateLimited when this address has failed too often with this key id, or with many */
  demandRoom(peer: string, keyId?: string): void
  /** Remembers a failure. */
  count(peer: string, keyId?: string): void
}

const minuteMs = 60_000
/** One address may fail with so many key ids, each as often as one may: looking an id up is one read of the store. */
const idsOfAddress = 100

/**
 * Counts failures by address and key id in the memory of this process, so that one who guesses does not lock out
 * others behind the same address.
 * @source Generic Cell Rate Algorithm, ITU-T I.371, as virtual scheduling: one number a count
 */
export function createFailureLimiter({ perMinute, peers }: FailureLimits, clock: Clock): FailureLimiter {
  const arrivals = new Map<string, number>()
  const countsOf = (peer: string, keyId: string | undefined) => {
    const network = networkOf(peer)
    if (keyId === undefined) return [{ name: network, intervalMs: minuteMs / perMinute }]
    return [
      { name: `${network} ${keyId}`, intervalMs: minuteMs / perMinute },
      { name: `${network} *`, intervalMs: minuteMs / perMinute / idsOfAddress },
    ]
  }
  return {
    demandRoom(peer, keyId) {
      const waits = countsOf(peer, keyId).map(
        ({ name, intervalMs }) => (arrivals.get(name) ?? 0) - clock.now() - minuteMs + intervalMs,
      )
      const waitMs = Math.max(...waits)
      if (waitMs <= 0) return
      throw new GatewayError('RateLimited', 'too many wrong credentials came from this address', {
        stage: 'admit',
        reason: 'CREDENTIAL_FAILURES',
        retryAfterMs: Math.ceil(waitMs),
      })
    },
    count(peer, keyId) {
      for (const { name, intervalMs } of countsOf(peer, keyId)) {
        const next = Math.max(arrivals.get(name) ?? 0, clock.now()) + intervalMs
        // Taken out and put in again, so that the order of the map is that of the last failure.
        arrivals.delete(name)
        arrivals.set(name, next)
        if (arrivals.size > peers) arrivals.delete(arrivals.keys().next().value ?? '')
      }
    },
  }
}

/** An address without its port; of IPv6 the first 64 bits, since one client usually has the whole /64. */
function networkOf(peer: string): string {
  const host = peer.replace(/:\d+$/u, '').replaceAll(/[[\]]/gu, '')
  if (!isIPv6(host) || host.includes('.')) return host
  const [head = ''] = host.split('::')
  const groups = head.split(':').filter(group => group !== '')
  return [...groups, '0', '0', '0', '0'].slice(0, 4).join(':')
}
