import { GatewayError } from '#services/contract/errors'

/** After this a caller may try again: about how long a Redis takes to be back after a failover. */
const retryAfterMs = 1000

/** Runs something on Redis and turns a Redis that is away into an error for callers. @throws GatewayError Overloaded */
export async function onRedis<T>(command: () => Promise<T>): Promise<T> {
  try {
    return await command()
  } catch (error) {
    if (error instanceof GatewayError || !isAway(error)) throw error
    throw new GatewayError('Overloaded', 'the store is away', { reason: 'STORE_AWAY', retryAfterMs }, { cause: error })
  }
}

/** Error texts by which ioredis says that Redis could not be reached, did not answer, or cannot write now. */
const signs =
  /Connection is closed|Stream isn't writeable|Command timed out|ECONNREFUSED|ECONNRESET|EPIPE|ENOENT|max retries|LOADING|MASTERDOWN|CLUSTERDOWN|READONLY|All sentinels are unreachable|ClusterAllFailed|None of startup nodes|Socket closed|slots cache/iu

/** Tells whether a thrown value means that Redis is away, not that a command was wrong. */
function isAway(thrown: unknown): boolean {
  return thrown instanceof Error && (signs.test(thrown.message) || signs.test(thrown.name))
}
