import type { Logger } from 'pino'
import type { CascadeLog, CascadeState, LegState } from '#services/state/cascade-log/cascade-log'
import type { Clock } from '#services/contract/clock'
import { isGatewayError } from '#services/contract/errors'
import { parseRequestId, type RequestId } from '#services/contract/ids'
import { holdLeaseUntil } from '#services/router/ledger/hold-lease'
import type { Amounts, OpenHold, Ledger, Settlement } from '#services/state/ledger/ledger'
import type { Reserved, Finished } from '#services/router/request/states'
import { accountOf, isWhole } from './account.ts'
import { logForgetsMs, receiptGraceMs } from '#services/router/lifecycle/timings'

/** What settling needs. */
export interface SettleDependencies {
  readonly ledger: Ledger
  readonly cascadeLog: CascadeLog
  readonly clock: Clock
  /** Epoch ms since when Redis is available again; 0 when it always could. */
  readonly usableSince?: () => number
  readonly logger: Logger
  /** Told of every settlement: whether the cascade's own router made it, and what went wrong with the money. */
  readonly observe: (settlement: SettlementSeen) => void
}

/** A settlement as it is counted. */
export interface SettlementSeen {
  readonly when: 'at-once' | 'later'
  readonly lostNanoUsd: number
  readonly estimatedNanoUsd: number
  readonly overrunNanoUsd: number
}

/** Turns holds into what was spent. */
export interface Settler {
  /**
   * The fast path, after a cascade of this router: settles at once when every leg has its receipt, else leaves the hold
   * to the reaper's next turns.
   */
  settle(reserved: Pick<Reserved, 'holdId' | 'requestId'>, finished: Finished | undefined): Promise<void>
  /** Settles what is due of the holds that were left, and of those whose routers died. Gives how many it settled. */
  reap(): Promise<number>
}

/** How many old holds are read at once. */
const holdsPerTurn = 100

/** Makes the settler. */
export function createSettler({
  ledger,
  cascadeLog,
  clock,
  logger,
  observe,
  usableSince = () => 0,
}: SettleDependencies): Settler {
  const left = new Set<RequestId>()

  const settleAs = async (holdId: string, settlement: Settlement, when: SettlementSeen['when']): Promise<void> => {
    const { first, overrunNanoUsd } = await ledger.settle(holdId, settlement, clock.now())
    const { lostNanoUsd, estimatedNanoUsd } = settlement
    if (!first) return
    observe({ when, lostNanoUsd, estimatedNanoUsd, overrunNanoUsd })
    if (overrunNanoUsd > 0) logger.warn({ holdId, overrunNanoUsd }, 'a request used more than was held for it')
  }

  /**
   * What the log has; where it has nothing, an opening that hangs on its way is forbidden first, else it could come
   * after the money is free again.
   */
  const read = async (holdId: string): Promise<CascadeState | undefined> => {
    const requestId = parseRequestId(holdId)
    if (requestId === undefined) return undefined
    const state = await cascadeLog.read(requestId)
    if (state !== undefined || (await cascadeLog.forbid(requestId))) return state
    return cascadeLog.read(requestId)
  }

  /**
   * Settles by what the log knows, where it is not too early; an expired hold is checked again later.
   */
  const settleByLog = async (holdId: string, expired?: OpenHold): Promise<'settled' | 'extended' | 'waits'> => {
    const state = await read(holdId)
    const nowMs = clock.now()
    if (state === undefined) {
      const forgotten = expired !== undefined && nowMs - expired.leaseUntil > logForgetsMs
      await settleAs(holdId, forgotten ? unknownOf(expired.held) : nothing, 'later')
      return 'settled'
    }
    if (state.end === undefined) {
      if (expired === undefined) return 'waits'
      await ledger.extend(holdId, holdLeaseUntil(nowMs, state.request.deadlineAt, receiptGraceMs))
      return 'extended'
    }
    const waiting = state.legs.some(isAtWork)
    // A worker that could not write its receipt does so when the store is back.
    if (waiting && nowMs < Math.max(state.endedAt ?? nowMs, usableSince()) + receiptGraceMs) return 'waits'
    await settleAs(holdId, accountOf(state.plan, state.legs), 'later')
    return 'settled'
  }

  /**
   * The same, where others are settled beside it: a record that cannot be read holds up its own hold alone, and counts
   * as forgotten in the end. That the store is away is thrown on.
   */
  const settleOne = async (holdId: string, expired?: OpenHold): Promise<'settled' | 'extended' | 'waits'> => {
    try {
      return await settleByLog(holdId, expired)
    } catch (error) {
      if (isGatewayError(error) && error.code === 'Overloaded') throw error
      logger.error({ holdId, err: error }, 'a hold cannot be settled by its record')
      if (expired === undefined || clock.now() - expired.leaseUntil <= logForgetsMs) return 'waits'
      await settleAs(holdId, unknownOf(expired.held), 'later')
      return 'settled'
    }
  }

  /**
   * Batch after batch while there are more, so that a router that died with thousands of holds leaves none for long.
   */
  const reapExpired = async (): Promise<number> => {
    let settled = 0
    for (;;) {
      const holds = await ledger.expired(clock.now(), holdsPerTurn)
      const done = await Promise.all(holds.map(hold => settleOne(hold.holdId, hold)))
      settled += done.filter(one => one === 'settled').length
      if (holds.length < holdsPerTurn || done.every(one => one === 'waits')) return settled
    }
  }

  return {
    async settle(reserved, finished) {
      try {
        if (finished !== undefined && isWhole(finished.legs)) {
          await settleAs(reserved.holdId, accountOf(finished.plan, finished.legs), 'at-once')
        } else if ((await settleByLog(reserved.holdId)) !== 'settled') {
          left.add(reserved.requestId)
        }
      } catch (error) {
        logger.warn(
          { requestId: reserved.requestId, err: error },
          'could not settle now; the hold is settled when its lease ends',
        )
        left.add(reserved.requestId)
      }
    },
    async reap() {
      let settled = 0
      for (const holdId of left) {
        if ((await settleOne(holdId)) !== 'settled') continue
        left.delete(holdId)
        settled += 1
      }
      return settled + (await reapExpired())
    },
  }
}

const nothing: Settlement = { spent: {}, lostNanoUsd: 0, estimatedNanoUsd: 0, tokens: 0 }

/**
 * The receipts are gone with the log. As for a leg that left none, the tenant pays nothing, and the deployment
 * bears the reserve.
 */
function unknownOf({ deployment, tenant }: Amounts): Settlement {
  const lostNanoUsd = deployment ?? tenant ?? 0
  return { spent: {}, lostNanoUsd, estimatedNanoUsd: lostNanoUsd }
}

function isAtWork(leg: LegState): boolean {
  return leg.end === undefined && leg.attempt > 0
}
