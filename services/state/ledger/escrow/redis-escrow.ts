import type { Logger } from 'pino'
import type { RedisConnection } from '#services/platform/redis/connect'
import { loadScript, runScript } from '#services/platform/redis/script'
import type { Ledger, Reservation } from '../ledger.ts'
import { createLedgerKeys } from '../ledger-keys.ts'
import { closeSlice } from './close-slices.ts'
import type { Escrow } from './escrow.ts'
import { createSettleDraw } from './settle-draw.ts'
import { createSlice, wordsOfLine, type LeaseLine, type Slice } from './slice.ts'

/** The lease's settings. */
export interface EscrowOptions {
  readonly prefix: string
  /** This router's name, which no other process has ever had. */
  readonly name: string
  /** How long a slice is this router's without a renewal. */
  readonly leaseMs: number
  /** Counters outlive their window by this, to be looked at. */
  readonly keepCounterMs: number
}

/** What leasing needs. */
export interface EscrowDependencies {
  readonly redis: RedisConnection
  /** Settles what became a hold. */
  readonly ledger: Pick<Ledger, 'settle'>
  /** The generation that this router knows, and its reign, parted by a space. */
  readonly mark: () => string
  readonly logger: Logger
}

const leasing = loadScript(import.meta.url, 'lua/lease.lua')
const drawing = loadScript(import.meta.url, 'lua/draw.lua')

/**
 * Makes the escrow of one router on one Redis server. Whatever Redis does not confirm gives the slice up: its lease
 * ends by itself, and the next slice has another name.
 */
export function createRedisEscrow(options: EscrowOptions, dependencies: EscrowDependencies): Escrow {
  const { redis, ledger, mark, logger } = dependencies
  const keys = createLedgerKeys(options.prefix)
  const settleDraw = createSettleDraw(redis, keys)
  const slicesOf = new Map<string, Slice>()
  let slices = 1
  let slice = createSlice(`${options.name}-${slices}`)
  let isLeased = false
  /** After a slice was given up, the next is asked for with a renewal. */
  let mayAsk = true
  let isClosed = false
  let asking: Promise<void> | undefined

  const giveUp = (given: Slice, why: string): void => {
    if (given !== slice) return
    if (isLeased) logger.warn({ slice: given.id, why }, 'a slice of the budgets is given up')
    slices += 1
    slice = createSlice(`${options.name}-${slices}`)
    isLeased = false
    mayAsk = false
  }

  const ask = async (isRenewal: boolean): Promise<void> => {
    const asked = slice
    const lines = asked.lines(isRenewal)
    if (lines.length === 0 && !isLeased) return
    const all = [keys.generation, keys.slices, keys.slice(asked.id), keys.windows, ...lines.map(counterKeyOf)]
    const words = lines.map(wordsOfLine).join(' ')
    const args = [mark(), asked.id, options.leaseMs, Number(!isLeased), options.keepCounterMs, words]
    try {
      const reply = await runScript(redis, leasing, all, args)
      const [word, ...amounts] = Array.isArray(reply) ? reply.map(String) : []
      if (word !== 'leased') {
        giveUp(asked, word ?? 'unknown')
        return
      }
      isLeased ||= asked === slice
      for (const [at, line] of lines.entries()) {
        asked.take(line, { movedNanoUsd: Number(amounts[2 * at]), leftNanoUsd: Number(amounts[2 * at + 1]) })
      }
    } catch (error) {
      giveUp(asked, 'unconfirmed')
      throw error
    }
  }
  const counterKeyOf = ({ entry }: LeaseLine): string => keys.counter(entry.scope.counter)
  /** One step at a time; calls that arrive meanwhile join the next. */
  const askInTurn = async (isRenewal: boolean): Promise<void> => {
    while (asking !== undefined) await asking.catch(ignore)
    asking = ask(isRenewal).finally(() => (asking = undefined))
    await asking
    askSoon()
  }
  const askSoon = (): void => {
    if (slice.isShort && mayAsk && !isClosed && asking === undefined) askInTurn(false).catch(ignore)
  }

  const readDraw = (reply: unknown, drawn: Slice, holdId: string): Reservation => {
    const [word] = Array.isArray(reply) ? reply : []
    if (word === 'held') return { kind: 'held', offer: 0, shadowed: [] }
    drawn.release(holdId, {})
    slicesOf.delete(holdId)
    if (word === 'settled') return { kind: 'settled' }
    giveUp(drawn, 'closed')
    return { kind: 'closed' }
  }

  const counts = { drawn: 0, reserved: 0 }
  return {
    counts,
    draw(order) {
      const drawn = slice
      const words = isClosed ? undefined : drawn.draw(order)
      askSoon()
      if (words === undefined) {
        counts.reserved += 1
        return undefined
      }
      counts.drawn += 1
      const { holdId } = order
      slicesOf.set(holdId, drawn)
      return {
        script: drawing,
        keys: [keys.generation, keys.slice(drawn.id), keys.draws(drawn.id)],
        args: [mark(), holdId, words],
        read: reply => readDraw(reply, drawn, holdId),
      }
    },
    async settle(holdId, settlement, nowMs) {
      const drawn = slicesOf.get(holdId)
      if (drawn === undefined) return ledger.settle(holdId, settlement, nowMs)
      const settled = await settleDraw(drawn.id, holdId, settlement)
      slicesOf.delete(holdId)
      drawn.release(holdId, settled === 'gone' ? {} : settlement.spent)
      if (settled === 'gone') return ledger.settle(holdId, settlement, nowMs)
      return { first: true, ...settled }
    },
    async renew() {
      mayAsk = true
      if (isLeased || slice.isShort) await askInTurn(true)
    },
    async close() {
      isClosed = true
      await asking?.catch(ignore)
      if (isLeased) await closeSlice(redis, keys, slice.id, true)
    },
  }
}

function ignore(): void {}
