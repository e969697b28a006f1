import type { Cluster } from 'ioredis'
import type { Logger } from 'pino'

const pollEveryMs = 500
/** A client that is not ready and whose state has not changed for this long is stalled. */
const stuckAfterMs = 3000

/**
 * Checks whether a cluster's client still gets anywhere: when all of its nodes have left, it can come to stand
 * between two states, neither ready nor trying (ioredis 6.0). Then it is ended and begun again.
 */
export function keepClusterOpen(cluster: Cluster, logger: Logger): void {
  let last: string = cluster.status
  let since = performance.now()
  let closed = false
  const timer = setInterval(() => {
    const { status } = cluster
    if (status !== last || status === 'ready') {
      last = status
      since = performance.now()
    }
    if (closed || performance.now() - since < stuckAfterMs) return
    since = performance.now()
    logger.warn({ status }, 'the connection to the cluster is stuck; reconnecting')
    // Disconnecting from a cluster without nodes ends in another standstill, out of which connecting leads at the
    // next turn.
    if (status === 'connecting' || status === 'connect') disconnect(true)
    else cluster.connect().catch((error: unknown) => logger.debug({ err: error }, 'the cluster is away'))
  }, pollEveryMs).unref()
  const disconnect = cluster.disconnect.bind(cluster)
  cluster.disconnect = (reconnect?: boolean) => {
    if (reconnect !== true) {
      closed = true
      clearInterval(timer)
    }
    disconnect(reconnect)
  }
}
