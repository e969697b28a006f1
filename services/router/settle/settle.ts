import type { Logger } from 'pino'
import type { ClimbLog, ClimbState, LegState } from '../../shared/climb/climb-log.ts'
import type { Clock } from '../../shared/contract/clock.ts'
import { parseRequestId, type RequestId } from '../../shared/contract/ids.ts'
import { addNanoUsd, type NanoUsd } from '../../shared/contract/money.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Claimed, Climbed } from '../states.ts'

/** What settling needs. */
export interface SettleDependencies {
  readonly ledger: Ledger
  readonly climbLog: ClimbLog
  readonly clock: Clock
  readonly logger: Logger
}

/** Turns holds into what was spent. */
export interface Settler {
  /** The fast path, after a climb of this router: settles at once when every leg has its receipt, else leaves the hold to the reaper's next turns. */
  settle(claimed: Pick<Claimed, 'holdId' | 'requestId'>, climbed: Climbed | undefined): Promise<void>
  /** Settles what is due of the holds that were left, and of those whose routers died. Gives how many it settled. */
  reap(): Promise<number>
}

/** How long after a climb's end a running leg may still bring its receipt. */
const receiptGraceMs = 5_000

/** How many old holds one turn takes. */
const holdsPerTurn = 100

/** Makes the settler. */
export function createSettler({ ledger, climbLog, clock, logger }: SettleDependencies): Settler {
  const left = new Map<RequestId, number>()

  /** Settles by what the log knows; false when it is too early. */
  const settleByLog = async (holdId: string, leaseIsOver: boolean): Promise<boolean> => {
    const requestId = parseRequestId(holdId)
    const state = requestId === undefined ? undefined : await climbLog.read(requestId)
    if (state === undefined) {
      await ledger.settle(holdId, 0)
      return true
    }
    const nowMs = clock.now()
    if (state.end === undefined) {
      if (leaseIsOver) await ledger.extend(holdId, Math.max(nowMs, state.request.deadlineAt) + receiptGraceMs)
      return false
    }
    const waiting = state.legs.some(isAtWork)
    if (waiting && nowMs < (state.endedAt ?? nowMs) + receiptGraceMs) return false
    await ledger.settle(holdId, spentOf(state))
    return true
  }

  return {
    async settle(claimed, climbed) {
      try {
        if (climbed !== undefined && !climbed.legs.some(leg => leg.end === undefined)) {
          await ledger.settle(claimed.holdId, addNanoUsd(...climbed.legs.map(leg => leg.end?.receipt.costNanoUsd ?? 0)))
        } else if (!(await settleByLog(claimed.holdId, false))) {
          left.set(claimed.requestId, clock.now())
        }
      } catch (error) {
        logger.warn({ requestId: claimed.requestId, err: error }, 'could not settle now; the hold waits for the reaper')
        left.set(claimed.requestId, clock.now())
      }
    },
    async reap() {
      let settled = 0
      for (const holdId of left.keys()) {
        if (!(await settleByLog(holdId, false))) continue
        left.delete(holdId)
        settled += 1
      }
      for (const holdId of await ledger.expired(clock.now(), holdsPerTurn)) {
        if (await settleByLog(holdId, true)) settled += 1
      }
      return settled
    },
  }
}

function isAtWork(leg: LegState): boolean {
  return leg.end === undefined && leg.attempt > 0
}

/** Receipts, and for a leg that began and left none, what was reserved for it. */
function spentOf(state: ClimbState): NanoUsd {
  return addNanoUsd(
    ...state.legs.map(leg => {
      if (leg.end !== undefined) return leg.end.receipt.costNanoUsd
      if (leg.attempt === 0) return 0
      return state.plan.rungs.find(rung => rung.name === leg.rung)?.reserveNanoUsd ?? 0
    }),
  )
}
