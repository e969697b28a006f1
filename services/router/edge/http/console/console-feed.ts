import type { Ladder } from '#services/contract/model'
import type { Clock } from '#services/contract/clock'
import type { Fleet } from '#services/router/pools/fleet'
import type { RequestWatch } from '#services/router/watch/request-watch'
import type { SpendWindow } from '#services/router/watch/spend-window'
import type { WatchedRequest } from '#services/router/watch/watched-request'
import { openEventStream } from '../event-stream.ts'
import type { HttpCall } from '../serve-route.ts'
import { summaryOf } from './request-views.ts'

/** Events of the feed. */
export interface FeedDependencies {
  readonly watch: RequestWatch
  readonly spend: SpendWindow
  readonly fleet: () => Fleet
  readonly pools: readonly PoolName[]
  readonly ladders: readonly Ladder[]
  readonly inFlight: () => number
  readonly clock: Clock
  /** Aborted when this router stops, so that an open page does not delay it. */
  readonly closing: AbortSignal
}

/** A pool as the configuration names it. */
export interface PoolName {
  readonly name: string
  readonly tier: string
}

const requestsMs = 200
const poolsMs = 1000
const beatMs = 15_000
/** What a page shows at first, and the most that it is told at once: of a burst it sees the latest. */
const mostRequests = 150

/**
 * What happens, as server-sent events: `snapshot`, then `requests` that changed five times a second, and `pools` once
 * a second. A page that reads slowly hears less often, and of the latest state.
 */
export function openFeed({ reply, context }: HttpCall, dependencies: FeedDependencies): void {
  const { watch, closing } = dependencies
  const { signal } = context
  const stream = openEventStream(reply.raw, { beat: ': beat\n\n', beatMs, signal })
  const changed = new Map<string, WatchedRequest>()
  let sending: Promise<void> | undefined
  const send = (event: string, data: () => object): void => {
    sending ??= stream.send(data(), event).finally(() => (sending = undefined))
  }
  const stopListening = watch.listen(request => {
    changed.delete(request.id)
    changed.set(request.id, request)
  })
  const timer = setInterval(() => {
    if (changed.size === 0 || sending !== undefined) return
    const news = [...changed.values()].slice(-mostRequests)
    changed.clear()
    send('requests', () => news.map(summaryOf))
  }, requestsMs)
  const counting = setInterval(() => send('pools', () => stateOf(dependencies)), poolsMs)
  const stop = (): void => {
    clearInterval(timer)
    clearInterval(counting)
    stopListening()
    closing.removeEventListener('abort', stop)
    stream.end()
  }
  signal.addEventListener('abort', stop, { once: true })
  closing.addEventListener('abort', stop, { once: true })
  if (signal.aborted || closing.aborted) stop()
  send('snapshot', () => ({
    ladders: dependencies.ladders.map(ladderOf),
    requests: watch.latest(mostRequests).map(summaryOf),
    ...stateOf(dependencies),
  }))
}

function ladderOf({ name, task, modalities, rungs }: Ladder): object {
  return {
    name,
    task,
    modalities,
    rungs: rungs.map(rung => ({
      name: rung.name,
      tier: rung.model.tier,
      pool: rung.model.pool,
      fallback: rung.fallback === true,
    })),
  }
}

function stateOf({ spend, fleet, pools, inFlight, clock }: FeedDependencies): object {
  const view = fleet()
  return {
    now: clock.now(),
    inFlight: inFlight(),
    minutes: spend.minutes(),
    degraded: spend.degraded(),
    pools: pools.map(({ name, tier }) => {
      const { workers, draining, running, capacity, waiting, waitMs } = view.pool(name)
      return { name, tier, workers, draining, running, capacity, waiting, waitMs }
    }),
  }
}
