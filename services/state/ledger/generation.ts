import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { GatewayError } from '#services/contract/errors'
import { addNanoUsd, type NanoUsd } from '#services/contract/money'
import { leaveServer, type RedisConnection } from '#services/platform/redis/connect'
import { loadScript, runScript } from '#services/platform/redis/script'
import { createLedgerKeys } from './ledger-keys.ts'
import type { LedgerMemory, Remembered } from './memory-file.ts'
import type { GenerationKnown } from './redis-ledger.ts'

/** Options of the generation. */
export interface GenerationOptions {
  readonly prefix: string
  readonly keepCounterMs: number
  /** What a router without memory does before an empty Redis: it starts a ledger, or waits until an operator does. */
  readonly onEmpty: 'start' | 'refuse'
}

/** What a restoration put back. */
export interface Restored {
  readonly counters: readonly { readonly counter: string; readonly spentNanoUsd: NanoUsd }[]
}

/**
 * Returns whether the ledger's data is still there. The data has a name, its generation; routers remember it, and
 * close the ledger when it is gone or is another that does not descend from it.
 */
export interface Generation extends GenerationKnown {
  readonly isOpen: boolean
  /**
   * Remembers what counters hold, and raises those that have fallen: what was spent in a window only grows, so a
   * lower count is lost data.
   */
  keep(nowMs: number): Promise<void>
  /**
   * Opens a closed ledger: with what was remembered to be spent and held, or with nothing.
   * @throws GatewayError NoModel when it is open
   */
  restore(from: 'memory' | 'nothing', nowMs: number): Promise<Restored>
}

const scripts = {
  snapshot: loadScript(import.meta.url, 'lua/snapshot.lua'),
  restore: loadScript(import.meta.url, 'lua/restore.lua'),
}

/** Counters that one turn reads. */
const countersPerTurn = 500
/** Generations that are remembered as ancestors: each is one loss of all data. */
const mostAncestors = 20

type Counter = Remembered['counters'][string]

/** Makes the guard. Nothing is known before the first check. */
export async function createGeneration(
  options: GenerationOptions,
  redis: RedisConnection,
  memory: LedgerMemory,
  logger: Logger,
): Promise<Generation> {
  const keys = createLedgerKeys(options.prefix)
  const before = await memory.read()
  const counters = new Map<string, Counter>(Object.entries(before?.counters ?? {}))
  let id = before?.id ?? ''
  /** How often another server has become the master of the data, as far as is known. */
  let reign = before?.reign ?? 0
  let isOpen = false
  let offset = 0
  let judged = false

  const snapshot = async (nowMs: number, most: number): Promise<Seen> =>
    seenOf(await runScript(redis, scripts.snapshot, [keys.generation, keys.windows], [nowMs, offset, most, reign]))
  const change = async (order: Change): Promise<boolean> => {
    const { there, next, ancestors, how, amounts } = order
    const reply = await runScript(
      redis,
      scripts.restore,
      [keys.generation, keys.windows, ...amounts.map(({ counter }) => keys.counter(counter))],
      [there, next, ancestors, options.keepCounterMs, how, ...amounts.flatMap(one => [one.endsAt, one.amount])],
    )
    return Array.isArray(reply) && reply[0] === 1
  }
  const remember = (): Promise<void> => memory.write({ id, reign, counters: Object.fromEntries(counters) })

  const begin = async (): Promise<Seen> => {
    await change({ there: '', next: randomBytes(8).toString('hex'), ancestors: '', how: 'to', amounts: [] })
    // Another router may have begun it first.
    return snapshot(0, 0)
  }

  /** Leaves a server that was master before another was: what is written to it is lost when it notices. */
  const leaveIfStale = (found: Seen): void => {
    if (found.id !== id || found.reign >= reign) return
    isOpen = false
    judged = true
    logger.error(
      { known: reign, found: found.reign },
      'the server is one whose place as master has been taken; reconnecting',
    )
    leaveServer(redis)
    throw new GatewayError('Overloaded', 'the store is not the master any more', {
      reason: 'STORE_STALE',
      retryAfterMs: 1000,
    })
  }

  /** Takes the data for the ledger's own when it is, or descends from it. */
  const checkGeneration = async (found: Seen): Promise<void> => {
    leaveIfStale(found)
    const isNew = found.id === '' && id === '' && options.onEmpty === 'start'
    const seen = isNew ? await begin() : found
    const wasOpen = isOpen || !judged
    judged = true
    isOpen = seen.id !== '' && ['', seen.id, ...seen.ancestors].includes(id)
    if (wasOpen && !isOpen) {
      logger.error({ known: id, found: seen.id }, 'the ledger closes: its data is gone (sluice budget restore)')
    }
    if (isOpen) await follow(seen)
  }

  /** Goes with the data where it has another name or another master. */
  const follow = async (seen: Seen): Promise<void> => {
    if (id === seen.id && reign === seen.reign) return
    id = seen.id
    reign = seen.reign
    await remember()
  }

  return {
    get mark() {
      return `${id} ${reign}`
    },
    get isOpen() {
      return isOpen
    },
    async refresh() {
      const known = `${id} ${reign}`
      await checkGeneration(await snapshot(0, 0))
      return isOpen && `${id} ${reign}` !== known
    },
    async keep(nowMs) {
      const seen = await snapshot(nowMs, countersPerTurn)
      await checkGeneration(seen)
      if (!isOpen) return
      const whole = offset === 0 && seen.counters.length < countersPerTurn
      offset = seen.counters.length < countersPerTurn ? 0 : offset + countersPerTurn
      for (const [counter, { endsAt }] of counters) if (endsAt <= nowMs) counters.delete(counter)
      const fallen = fallenOf(counters, seen, whole, keys.counterOf)
      for (const [key, counter] of seen.counters) {
        const name = keys.counterOf(key)
        const spentNanoUsd = Math.max(counter.spentNanoUsd, counters.get(name)?.spentNanoUsd ?? 0)
        counters.set(name, { ...counter, spentNanoUsd })
      }
      if (fallen.length > 0) {
        logger.error(
          { counters: fallen.length },
          'counters have fallen: Redis lost what it had confirmed; they are raised again',
        )
        await change({ there: id, next: '', ancestors: '', how: 'to', amounts: fallen })
      }
      await remember()
    },
    async restore(from, nowMs) {
      const seen = await snapshot(nowMs, 0)
      await checkGeneration(seen)
      if (isOpen)
        throw new GatewayError('NoModel', 'the ledger is open: there is nothing to restore', { reason: 'LEDGER_OPEN' })
      const amounts = [...counters]
        .filter(([, { endsAt }]) => from === 'memory' && endsAt > nowMs)
        // Whether what was held has been used is not known any more.
        .map(([counter, one]) => ({
          counter,
          endsAt: one.endsAt,
          amount: addNanoUsd(one.spentNanoUsd, one.reservedNanoUsd),
        }))
      const next = randomBytes(8).toString('hex')
      const ancestors = [...seen.ancestors, seen.id, id].filter(one => one !== '').slice(-mostAncestors)
      const order: Change = { there: seen.id, next, ancestors: ancestors.join(' '), how: 'add', amounts }
      if (!(await change(order))) {
        throw new GatewayError('Overloaded', 'somebody else is restoring the ledger', { retryAfterMs: 1000 })
      }
      counters.clear()
      id = next
      reign = seen.reign
      isOpen = true
      await remember()
      logger.warn({ id, counters: amounts.length }, 'the ledger was restored')
      return { counters: amounts.map(({ counter, amount }) => ({ counter, spentNanoUsd: amount })) }
    },
  }
}

interface Change {
  readonly there: string
  readonly next: string
  readonly ancestors: string
  readonly how: 'add' | 'to'
  readonly amounts: readonly { readonly counter: string; readonly endsAt: number; readonly amount: NanoUsd }[]
}

interface Seen {
  readonly id: string
  readonly reign: number
  readonly ancestors: readonly string[]
  readonly counters: readonly (readonly [string, Counter])[]
}

function seenOf(reply: unknown): Seen {
  const [id = '', ancestors = '', reign, ...rest] = Array.isArray(reply) ? reply.map(String) : []
  const counters = Array.from({ length: Math.floor(rest.length / 4) }, (_, at): readonly [string, Counter] => {
    const [key = '', endsAt, spent, reserved] = rest.slice(at * 4, at * 4 + 4)
    return [key, { endsAt: Number(endsAt), spentNanoUsd: Number(spent), reservedNanoUsd: Number(reserved) }]
  })
  return { id, reign: Number(reign ?? 0), ancestors: ancestors.split(' ').filter(one => one !== ''), counters }
}

/** Counters that hold less than was seen before, or that are gone from a reading of the whole. */
function fallenOf(
  known: ReadonlyMap<string, Counter>,
  seen: Seen,
  whole: boolean,
  counterOf: (key: string) => string,
): Change['amounts'] {
  const now = new Map(seen.counters.map(([key, counter]) => [counterOf(key), counter.spentNanoUsd]))
  return [...known].flatMap(([counter, { endsAt, spentNanoUsd }]) => {
    const found = now.get(counter) ?? (whole ? 0 : spentNanoUsd)
    return found < spentNanoUsd ? { counter, endsAt, amount: spentNanoUsd } : []
  })
}
