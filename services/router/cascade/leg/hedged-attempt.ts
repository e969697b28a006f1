import type { LegEnd, LegState } from '#services/state/cascade-log/cascade-log'
import { legIdOf } from '#services/contract/ids'
import type { Cascade } from '../cascade.ts'
import type { JobOf } from './leg-jobs.ts'
import type { LegOrder, RunLegDependencies } from './leg-order.ts'

/** A hedged attempt's index is that of its leg and this: far beyond the length of any ladder. */
const hedgedOffset = 500

/**
 * A leg and, once it is slow, a hedged attempt on another worker: the first answer of the two is taken and the other
 * cancelled.
 */
export interface HedgedAttempt {
  onStarted(workerId: string): void
  onEnd(end: LegEnd): void
  /**
   * Ends the waiting for the attempt; whichever of the two is still at work is cancelled. Gives the attempt, if
   * there was one.
   */
  close(): LegState | undefined
}

/** What hedging needs. */
export type HedgedAttemptDependencies = RunLegDependencies & { readonly jobOf: JobOf }

/** Watches a leg; `settle` gets the end of the two attempts, once. */
export function createHedgedAttempt(
  { request, epoch }: Pick<Cascade, 'request' | 'epoch'>,
  order: LegOrder,
  settle: (end: LegEnd) => void,
  dependencies: HedgedAttemptDependencies,
): HedgedAttempt {
  const { cascadeLog, queue, replySender, pendingLegs, clock, hedging, jobOf } = dependencies
  const { rung, index } = order
  const { pool, name } = rung.model
  const { requestId } = request
  const hedgedId = legIdOf(requestId, index + hedgedOffset)
  const own = { worker: '', end: undefined as LegEnd | undefined }
  const hedged = { worker: '', end: undefined as LegEnd | undefined, leg: undefined as LegState | undefined }
  let stopWaiting: (() => void) | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false

  /** A failure counts only when the other has none better to give. */
  const evaluate = (): void => {
    const answer = [own.end, hedged.end].find(end => end?.kind === 'done')
    const everyEnded = own.end !== undefined && (hedged.leg === undefined || hedged.end !== undefined)
    if (answer !== undefined) settle(answer)
    else if (everyEnded && own.end !== undefined) settle(own.end)
  }

  const start = async (): Promise<void> => {
    if (closed || own.end !== undefined || hedging?.take(pool) !== true) return
    const planned = {
      index: index + hedgedOffset,
      rung: rung.name,
      pool,
      plannedAt: clock.now(),
      purpose: 'hedge',
    } as const
    if (!(await cascadeLog.planLeg(requestId, planned, epoch)) || closed) return
    hedged.leg = { ...planned, attempt: 0 }
    stopWaiting = pendingLegs.expect(hedgedId, {
      pool,
      model: name,
      waits: false,
      epoch: epoch,
      hasAlternative: () => true,
      onStarted: workerId => (hedged.worker = workerId),
      onDelta: () => {},
      onEnd(end) {
        hedged.end = end
        evaluate()
      },
    })
    await queue.add(pool, jobOf(order, hedgedId, order.traceparent))
  }

  /** Workers announce a leg only after some ms; the log knows at once which worker began it. */
  const workerOf = async (legIndex: number): Promise<string | undefined> => {
    const cascade = await cascadeLog.read(requestId)
    const leg = cascade?.legs.find(one => one.index === legIndex)
    return leg?.end === undefined ? leg?.workerId : undefined
  }

  const cancel = async (legIndex: number, { worker, end }: Pick<typeof own, 'worker' | 'end'>): Promise<void> => {
    if (end !== undefined) return
    const legId = legIdOf(requestId, legIndex)
    if (worker === '' && (await queue.remove(pool, legId))) return
    const at = worker === '' ? await workerOf(legIndex) : worker
    if (at !== undefined) await replySender.send(at, { kind: 'cancel', legId })
  }

  return {
    onStarted(workerId) {
      own.worker = workerId
      const afterMs = order.relay === undefined ? hedging?.afterMs(rung, request) : undefined
      if (afterMs === undefined || timer !== undefined) return
      // Without a hedged attempt the leg continues alone.
      timer = setTimeout(() => void start().catch(() => {}), afterMs)
    },
    onEnd(end) {
      own.end = end
      evaluate()
    },
    close() {
      if (closed) return hedged.leg
      closed = true
      clearTimeout(timer)
      stopWaiting?.()
      hedging?.ran(pool)
      if (hedged.leg === undefined) return undefined
      // Where waiting was given up, the whole cascade is cancelled, or another router continues it.
      if (own.end?.kind !== 'done' && hedged.end?.kind !== 'done') return hedged.leg
      const left = [cancel(index, own), cancel(index + hedgedOffset, hedged)]
      // What cannot be cancelled ends by itself; its receipt is billed all the same.
      void Promise.allSettled(left)
      return hedged.leg
    },
  }
}

/** Whether a leg runs beside another. */
export function isHedged({ purpose }: LegState): boolean {
  return purpose === 'hedge'
}

/** A leg as the log has it, with the end of its hedged attempt where that gave the answer. */
export function withHedged(leg: LegState, legs: readonly LegState[]): LegState {
  const end = legs.find(one => isHedged(one) && one.index === leg.index + hedgedOffset)?.end
  return leg.end?.kind !== 'done' && end?.kind === 'done' ? { ...leg, end } : leg
}
