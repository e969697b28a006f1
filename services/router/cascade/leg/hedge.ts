import type { LegEnd, LegState } from '#services/state/cascade-log/cascade-log'
import { legIdOf, type LegId } from '#services/contract/ids'
import type { Job } from '#services/state/queue/job'
import type { LegOrder, RunLegDependencies } from './leg-order.ts'

/** A twin's index is that of its leg and this: far beyond the length of any ladder. */
const twinOffset = 500

/** A leg and, once it is slow, its twin on another worker: the first answer of the two is taken and the other called off. */
export interface Pair {
  onStarted(workerId: string): void
  onEnd(end: LegEnd): void
  /** Ends the waiting for the twin; whichever of the two is still at work is called off. Gives the twin, if there was one. */
  close(): LegState | undefined
}

type PairDependencies = RunLegDependencies & { readonly jobOf: (legId: LegId) => Job }

/** Makes a pair; `settle` hears its end, once. */
export function createPair(order: LegOrder, settle: (end: LegEnd) => void, dependencies: PairDependencies): Pair {
  const { climbLog, queue, mail, desk, clock, hedging } = dependencies
  const { course, rung, index } = order
  const { pool, name } = rung.model
  const { requestId } = course.request
  const twinId = legIdOf(requestId, index + twinOffset)
  const own = { worker: '', end: undefined as LegEnd | undefined }
  const twin = { worker: '', end: undefined as LegEnd | undefined, leg: undefined as LegState | undefined }
  let stopWaiting: (() => void) | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false

  /** A failure counts only when the other has none better to give. */
  const look = (): void => {
    const answer = [own.end, twin.end].find(end => end?.kind === 'done')
    const everyEnded = own.end !== undefined && (twin.leg === undefined || twin.end !== undefined)
    if (answer !== undefined) settle(answer)
    else if (everyEnded && own.end !== undefined) settle(own.end)
  }

  const start = async (): Promise<void> => {
    if (closed || own.end !== undefined || hedging?.take(pool) !== true) return
    const planned = {
      index: index + twinOffset,
      rung: rung.name,
      pool,
      plannedAt: clock.now(),
      purpose: 'hedge',
    } as const
    if (!(await climbLog.planLeg(requestId, planned, course.epoch)) || closed) return
    twin.leg = { ...planned, attempt: 0 }
    stopWaiting = desk.expect(twinId, {
      pool,
      model: name,
      waits: false,
      epoch: course.epoch,
      hasAlternative: () => true,
      onStarted: workerId => (twin.worker = workerId),
      onDelta: () => {},
      onEnd(end) {
        twin.end = end
        look()
      },
    })
    await queue.add(pool, dependencies.jobOf(twinId))
  }

  /** Workers tell of themselves only after some ms; the log knows at once who began a leg. */
  const workerOf = async (legIndex: number): Promise<string | undefined> => {
    const climb = await climbLog.read(requestId)
    const leg = climb?.legs.find(one => one.index === legIndex)
    return leg?.end === undefined ? leg?.workerId : undefined
  }

  const callOff = async (legIndex: number, { worker, end }: Pick<typeof own, 'worker' | 'end'>): Promise<void> => {
    if (end !== undefined) return
    const legId = legIdOf(requestId, legIndex)
    if (worker === '' && (await queue.remove(pool, legId))) return
    const at = worker === '' ? await workerOf(legIndex) : worker
    if (at !== undefined) await mail.send(at, { kind: 'cancel', legId })
  }

  return {
    onStarted(workerId) {
      own.worker = workerId
      const afterMs = order.relay === undefined ? hedging?.afterMs(rung, course.request) : undefined
      if (afterMs === undefined || timer !== undefined) return
      // Without a twin the leg goes on alone, as it would have.
      timer = setTimeout(() => void start().catch(() => {}), afterMs)
    },
    onEnd(end) {
      own.end = end
      look()
    },
    close() {
      if (closed) return twin.leg
      closed = true
      clearTimeout(timer)
      stopWaiting?.()
      hedging?.ran(pool)
      if (twin.leg === undefined) return undefined
      // Where waiting was given up, the whole climb is called off, or goes on elsewhere.
      if (own.end?.kind !== 'done' && twin.end?.kind !== 'done') return twin.leg
      const left = [callOff(index, own), callOff(index + twinOffset, twin)]
      // What cannot be called off ends by itself; its receipt is billed all the same.
      void Promise.allSettled(left)
      return twin.leg
    },
  }
}

/** Whether a leg runs beside another. */
export function isTwin({ purpose }: LegState): boolean {
  return purpose === 'hedge'
}

/** A leg as the log has it, with the end of its twin where that gave the answer. */
export function withTwin(leg: LegState, legs: readonly LegState[]): LegState {
  const end = legs.find(one => isTwin(one) && one.index === leg.index + twinOffset)?.end
  return leg.end?.kind !== 'done' && end?.kind === 'done' ? { ...leg, end } : leg
}
