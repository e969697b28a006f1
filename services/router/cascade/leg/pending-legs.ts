import type { Logger } from 'pino'
import type { CascadeLog, LegEnd } from '#services/state/cascade-log/cascade-log'
import { legIdOf, parseLegId, type LegId } from '#services/contract/ids'
import type { RouterMessage } from '#services/state/replies/reply-stream'

/** A piece of an answer as it comes. */
export type DeltaPiece = Pick<Extract<RouterMessage, { readonly kind: 'delta' }>, 'offset' | 'text' | 'of'>

/** Who hears of a leg. */
export interface LegListener {
  readonly pool: string
  readonly model: string
  /** It may wait for workers that are not there. */
  readonly waits: boolean
  /** The cascade's, by which this router's writes are fenced. */
  readonly epoch: number
  /** Whether its caller can be served without it: by an answer that is at hand, or another rung. */
  readonly hasAlternative: () => boolean
  onStarted(workerId: string): void
  onDelta(piece: DeltaPiece): void
  onEnd(end: LegEnd): void
}

/**
 * The legs that this router's cascades wait for: one place for all of them, fed by the reply stream and, as a safety
 * net, by the cascade log.
 */
export interface PendingLegs {
  /** Waits for a leg; the function given back stops the waiting. */
  expect(legId: LegId, listener: LegListener): () => void
  /** Takes messages. */
  deliver(message: RouterMessage): void
  /**
   * Reads every awaited leg from the log: for messages that were never written, since its worker died between the log
   * and the messages.
   */
  reconcile(): Promise<void>
  isAwaited(legId: LegId): boolean
  /** The legs awaited now, and where. */
  awaited(): readonly ({ readonly legId: LegId } & Omit<LegListener, 'onStarted' | 'onDelta' | 'onEnd'>)[]
  /** Legs awaited now. */
  readonly size: number
}

/** How many cascades one reading of the log asks for. */
const cascadesPerRead = 200

/** Makes the place. */
export function createPendingLegs(cascadeLog: CascadeLog, logger: Logger): PendingLegs {
  const awaited = new Map<LegId, LegListener>()

  const end = (legId: LegId, legEnd: LegEnd): void => {
    const listener = awaited.get(legId)
    awaited.delete(legId)
    listener?.onEnd(legEnd)
  }

  const readAll = async (legIds: readonly LegId[]): Promise<void> => {
    const requestIds = [...new Set(legIds.flatMap(id => parseLegId(id)?.requestId ?? []))]
    for (let from = 0; from < requestIds.length; from += cascadesPerRead) {
      const states = await cascadeLog.readMany(requestIds.slice(from, from + cascadesPerRead))
      for (const state of states) {
        if (state === undefined) continue
        for (const leg of state.legs) {
          const legId = legIdOf(state.request.requestId, leg.index)
          if (leg.end !== undefined && awaited.has(legId)) end(legId, leg.end)
        }
      }
    }
  }

  return {
    expect(legId, listener) {
      awaited.set(legId, listener)
      return () => {
        if (awaited.get(legId) === listener) awaited.delete(legId)
      }
    },
    deliver(message) {
      const listener = awaited.get(message.legId)
      if (listener === undefined) return
      if (message.kind === 'leg-started') listener.onStarted(message.workerId)
      else if (message.kind === 'delta') listener.onDelta(message)
      else if (message.end !== undefined) end(message.legId, message.end)
      else {
        readAll([message.legId]).catch((error: unknown) => {
          logger.warn(
            { legId: message.legId, err: error },
            'could not read the end of a leg; the next reconciliation will',
          )
        })
      }
    },
    isAwaited: legId => awaited.has(legId),
    reconcile: () => readAll([...awaited.keys()]),
    awaited: () =>
      [...awaited].map(([legId, { pool, model, waits, epoch, hasAlternative }]) => {
        return { legId, pool, model, waits, epoch, hasAlternative }
      }),
    get size() {
      return awaited.size
    },
  }
}
