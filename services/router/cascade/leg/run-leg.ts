import type { LegEnd, LegState } from '#services/state/cascade-log/cascade-log'
import { legIdOf } from '#services/contract/ids'
import { deliveryMarginMs } from '#services/router/request/states'
import type { BegunLeg } from '#services/backends/leg/leg-end'
import type { Cascade } from '../cascade.ts'
import { giveUpLeg } from './give-up-leg.ts'
import { createHedgedAttempt, type HedgedAttempt } from './hedged-attempt.ts'
import { createLegJobs } from './leg-jobs.ts'
import { endOfLeg, type LegOrder, type RunLegDependencies } from './leg-order.ts'
import type { DeltaPiece } from './pending-legs.ts'
import { createSendLeg } from './send-leg.ts'

/**
 * Why a leg is not awaited any more: its caller left, time is over, another router has the cascade, or its money was
 * not held.
 */
export type Abandoned = 'left' | 'late' | 'lost' | 'not-held'

/** What came of waiting for a leg. */
export type LegWait = ({ readonly kind: 'ended'; readonly end: LegEnd } | { readonly kind: Abandoned }) & {
  /** The hedged attempt that ran beside it. */
  readonly hedged?: LegState
}

/**
 * Queues a planned leg and waits for its end. Queuing is idempotent, so a router that takes a cascade over does the
 * same.
 */
export type RunLeg = (order: LegOrder) => Promise<LegWait>

/** Makes the running of one cascade's legs; `signal` is aborted when its caller has left or it was cancelled. */
export function createLegRunner(cascade: Cascade, signal: AbortSignal, dependencies: RunLegDependencies): RunLeg {
  const { pendingLegs, clock, express, owner } = dependencies
  const { request, epoch, opening, lost } = cascade
  const jobOf = createLegJobs(cascade, dependencies)
  const send = createSendLeg(cascade, jobOf, dependencies)

  /** Runs a leg that was begun in this router. */
  const runHere = (
    begun: BegunLeg,
    { rung, relay, traceparent = request.traceparent }: LegOrder,
    hedge: HedgedAttempt,
    onFailure: (error: unknown) => void,
  ): void => {
    const onPiece = async (piece: DeltaPiece): Promise<void> => {
      relay?.take(piece)
      await relay?.passedOn()
    }
    hedge.onStarted(owner().name)
    express
      ?.run(begun, rung.model.pool, { signal, lost, traceparent, onPiece })
      .then(end => end && hedge.onEnd(end))
      .catch(onFailure)
  }

  return async order => {
    const legId = legIdOf(request.requestId, order.index)
    let resolve: (wait: LegWait) => void = ignore
    let fail: (error: unknown) => void = ignore
    const promise = new Promise<LegWait>((done, failed) => {
      resolve = done
      fail = failed
    })
    promise.catch(ignore)
    const hedge = createHedgedAttempt(cascade, order, end => resolve({ kind: 'ended', end }), {
      ...dependencies,
      jobOf,
    })
    const stopWaiting = pendingLegs.expect(legId, {
      pool: order.rung.model.pool,
      model: order.rung.model.name,
      waits: request.mode === 'async',
      epoch,
      hasAlternative: order.hasAlternative,
      onStarted(workerId) {
        order.relay?.startedOn(workerId)
        hedge.onStarted(workerId)
      },
      onDelta: piece => order.relay?.take(piece),
      onEnd: hedge.onEnd,
    })
    const leftMs = endOfLeg(cascade, order) - deliveryMarginMs - clock.now()
    const timer = setTimeout(() => resolve({ kind: 'late' }), Math.max(0, leftMs))
    const stopsInMs = (order.stopAt ?? Infinity) - clock.now()
    const giveUp = (): void => {
      // What cannot be given up ends at the deadline.
      giveUpLeg({ legId, epoch, pool: order.rung.model.pool }, dependencies).catch(() => {})
    }
    const stopping = stopsInMs < leftMs ? setTimeout(giveUp, Math.max(0, stopsInMs)) : undefined
    const onLeft = (): void => resolve({ kind: 'left' })
    const onLost = (): void => resolve({ kind: 'lost' })
    signal.addEventListener('abort', onLeft, { once: true })
    lost.addEventListener('abort', onLost, { once: true })
    if (signal.aborted) onLeft()
    try {
      // A leg of an open cascade whose caller has left is cancelled, not begun.
      const isWanted = !signal.aborted || opening !== undefined
      const sent = isWanted ? await send(order, legId) : 'queued'
      if (sent === 'not-held') return { kind: 'not-held' }
      if (sent !== 'queued') {
        // Its end is written here, so recovery need not watch it.
        stopWaiting()
        clearTimeout(stopping)
        runHere(sent, order, hedge, error => fail(error))
      }
      await order.queued?.()
      const waited = await promise
      const hedged = hedge.close()
      return hedged === undefined ? waited : { ...waited, hedged }
    } finally {
      hedge.close()
      clearTimeout(timer)
      clearTimeout(stopping)
      stopWaiting()
      signal.removeEventListener('abort', onLeft)
      lost.removeEventListener('abort', onLost)
    }
  }
}

function ignore(): void {}
