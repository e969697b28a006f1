import type { Logger } from 'pino'
import type { CascadeLog, CascadeState } from '#services/state/cascade-log/cascade-log'
import { GatewayError } from '#services/contract/errors'
import type { RequestId } from '#services/contract/ids'

/** Follows cascades that run anywhere: one reading of the log serves every follower of this router. */
export interface Follower {
  /**
   * Each state from now to the end, at every change.
   * @throws GatewayError NotFound when there is no such cascade, Cancelled when the caller leaves
   */
  follow(requestId: RequestId, signal: AbortSignal): AsyncIterable<CascadeState>
  /** Reports that a cascade of this router changed, so that its followers need not wait for the next reading. */
  nudge(requestId: RequestId): void
  /** Reads every followed cascade once. */
  read(): Promise<void>
  close(): void
}

interface Watch {
  readonly requestId: RequestId
  revision: number
  readonly queue: (CascadeState | 'gone')[]
  wake: () => void
}

/** Makes the follower; reads every `intervalMs` while it has listeners. */
export function createFollower(
  cascadeLog: CascadeLog,
  options: { readonly intervalMs: number },
  logger: Logger,
): Follower {
  const watches = new Set<Watch>()
  let reading: Promise<void> | undefined
  let again = false

  const readOnce = async (): Promise<void> => {
    const ids = [...new Set([...watches].map(watch => watch.requestId))]
    if (ids.length === 0) return
    const states = await cascadeLog.readMany(ids)
    const byId = new Map(ids.map((id, index) => [id, states[index]]))
    // Who began to watch while this was being read has not been asked for: nothing is known of that cascade yet.
    for (const watch of watches) if (byId.has(watch.requestId)) notify(watch, byId.get(watch.requestId))
  }

  const read = (): Promise<void> => {
    if (reading !== undefined) {
      again = true
      return reading
    }
    reading = readOnce()
      .catch((error: unknown) => logger.debug({ err: error }, 'could not read followed cascades'))
      .finally(() => {
        reading = undefined
        if (!again) return
        again = false
        void read()
      })
    return reading
  }
  const timer = setInterval(() => void read(), options.intervalMs)

  return {
    async *follow(requestId, signal) {
      const watch: Watch = { requestId, revision: -1, queue: [], wake: () => {} }
      watches.add(watch)
      const onAbort = (): void => watch.wake()
      signal.addEventListener('abort', onAbort)
      try {
        void read()
        for (;;) {
          if (signal.aborted) throw new GatewayError('Cancelled', 'the caller went away')
          const state = watch.queue.shift()
          if (state === undefined) {
            await new Promise<void>(resolve => {
              watch.wake = resolve
            })
            continue
          }
          if (state === 'gone') throw new GatewayError('NotFound', 'there is no such job, or it has expired')
          yield state
          if (state.end !== undefined) return
        }
      } finally {
        watches.delete(watch)
        signal.removeEventListener('abort', onAbort)
      }
    },
    nudge(requestId) {
      for (const watch of watches) {
        if (watch.requestId !== requestId) continue
        void read()
        return
      }
    },
    read,
    close() {
      clearInterval(timer)
    },
  }
}

/** A slow reader is given the newest state only: what is between two states is in the newer one too. */
function notify(watch: Watch, state: CascadeState | undefined): void {
  if (state !== undefined && state.revision <= watch.revision) return
  if (state !== undefined) watch.revision = state.revision
  watch.queue.length = 0
  watch.queue.push(state ?? 'gone')
  watch.wake()
}
