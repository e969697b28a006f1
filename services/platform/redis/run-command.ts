import { GatewayError } from '#services/contract/errors'
import { refusalOf } from './store-refusal.ts'

/** After this a caller may try again: about how long a Redis takes to be back after a failover. */
const retryAfterMs = 1000

/**
 * Runs something on Redis and turns a Redis that is away, or that cannot serve now, into an error for callers.
 * @throws GatewayError Overloaded
 */
export async function onRedis<T>(command: () => Promise<T>): Promise<T> {
  try {
    return await command()
  } catch (error) {
    throw storeErrorOf(error) ?? (isAway(error, networkFeatures) ? awayError(error) : error)
  }
}

/**
 * The error for callers, where something failed because Redis is away or cannot serve now; `undefined` where it
 * failed for another reason.
 */
export function storeErrorOf(thrown: unknown): GatewayError<'Overloaded'> | undefined {
  if (thrown instanceof GatewayError) return undefined
  const refusal = refusalOf(thrown)
  if (refusal !== undefined) {
    const reason = `STORE_${refusal.replaceAll('-', '_').toUpperCase()}`
    const details = { reason, retryAfterMs }
    return new GatewayError('Overloaded', `the store cannot serve now: ${refusal}`, details, { cause: thrown })
  }
  return isAway(thrown, signs) ? awayError(thrown) : undefined
}

function awayError(cause: unknown): GatewayError<'Overloaded'> {
  return new GatewayError('Overloaded', 'the store is away', { reason: 'STORE_AWAY', retryAfterMs }, { cause })
}

/** Messages of ioredis and BullMQ when Redis cannot be reached, or does not answer. */
const signs =
  /Connection is closed|Stream isn't writeable|Command timed out|said nothing for|Socket closed|max retries|sentinels are unreachable|ClusterAllFailed|None of startup nodes|slots cache|Cluster isn't ready|Cluster is (?:ended|disconnect)|Too many Cluster redirections|Command aborted due to connection close/iu
/** Codes of the network's own faults, which others than Redis have too. */
const networkFeatures =
  /ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ENOENT|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/u

function isAway(thrown: unknown, fault: RegExp): boolean {
  return thrown instanceof Error && (fault.test(thrown.message) || fault.test(thrown.name))
}
