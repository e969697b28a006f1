import type { RedisConnection } from '#services/platform/redis/connect'
import { onRedis } from '#services/platform/redis/run-command'
import { runTogether } from '#services/platform/redis/together/run-together'
import { loadScript, runScript } from '#services/platform/redis/script'
import { closeDueSlices } from './escrow/close-slices.ts'
import type { Amounts, Counts, OpenHold, HoldOrder, Ledger, Reservation, Share } from './ledger.ts'
import { createLedgerKeys, type LedgerKeys } from './ledger-keys.ts'
import { createReserveCall } from './reserve-call.ts'

/** Options of a ledger. */
export interface RedisLedgerOptions {
  readonly prefix: string
  /** How long a settled hold is remembered, so that a late second reservation is refused. */
  readonly rememberMs: number
  /** Counters outlive their window by this, to be looked at. */
  readonly keepCounterMs: number
}

/** Which data the ledger may write to. */
export interface GenerationKnown {
  /** The generation that this router knows, and its reign, parted by a space. */
  readonly mark: string
  /**
   * Checks again. True when a generation or a reign is known now that was not before, so that asking again is worth it.
   * @throws GatewayError Overloaded when the server is one whose place has been taken
   */
  refresh(): Promise<boolean>
}

const scripts = {
  settle: loadScript(import.meta.url, 'lua/charge.lua', 'lua/settle.lua'),
  due: loadScript(import.meta.url, 'lua/due.lua'),
  balances: loadScript(import.meta.url, 'lua/balances.lua'),
}

const minuteMs = 60_000

/** The ledger in Redis: every key in one slot, one round trip each way. */
export function createRedisLedger(
  options: RedisLedgerOptions,
  redis: RedisConnection,
  generation: GenerationKnown,
): Ledger {
  const keys = createLedgerKeys(options.prefix)
  const { callFor } = createReserveCall({ keys, keepCounterMs: options.keepCounterMs, mark: () => generation.mark })
  const reserve = async (order: HoldOrder): Promise<Reservation> => {
    const { script, keys: all, args, read } = callFor(order)
    return read(await runScript(redis, script, all, args))
  }
  return {
    async reserve(order) {
      const first = await reserve(order)
      if (first.kind !== 'closed' || !(await generation.refresh())) return first
      return reserve(order)
    },
    async settle(holdId, { spent, lostNanoUsd, estimatedNanoUsd, tokens }, nowMs) {
      const shares = Object.entries(spent).map(([share, amount]) => `${share} ${amount ?? 0}`)
      const args = [holdId, options.rememberMs, nowMs, lostNanoUsd, estimatedNanoUsd, tokens ?? '', shares.join(' ')]
      const call = { script: scripts.settle, keys: [keys.hold(holdId), keys.holds], args }
      const reply = await runTogether(redis, 'tick', call)
      const [first, overrun] = Array.isArray(reply) ? reply : []
      return { first: first === 1, overrunNanoUsd: Number(overrun ?? 0) }
    },
    async balances(scopes) {
      const counters = scopes.map(scope => keys.counter(scope.counter))
      const reply = await runScript(
        redis,
        scripts.balances,
        [keys.slices, ...counters],
        [keys.slice(''), keys.draws('')],
      )
      const counts = Array.isArray(reply) ? reply.map(Number) : []
      return scopes.map((scope, at) => ({ scope, ...countsOf(counts.slice(4 * at)) }))
    },
    allowances: (rates, nowMs) =>
      Promise.all(
        rates.map(async rate => {
          const [clock = 0] = ((await onRedis(() => redis.get(keys.clock(rate.counter)))) ?? '').split(' ').map(Number)
          const ahead = Math.max(0, clock - nowMs) / (minuteMs / rate.perMinute)
          return Math.max(0, Math.floor(rate.burst - ahead))
        }),
      ),
    async expired(nowMs, limit) {
      await closeDueSlices(redis, keys, nowMs)
      const reply = await runScript(redis, scripts.due, [keys.holds], [nowMs, limit])
      return holdsOf(Array.isArray(reply) ? reply.map(String) : [], keys, redis)
    },
    async openHolds(limit) {
      return holdsOf(await onRedis(() => redis.zrange(keys.holds, '0', String(limit - 1), 'WITHSCORES')), keys, redis)
    },
    extend: async (holdId, leaseUntil) =>
      (await onRedis(() => redis.zadd(keys.holds, 'XX', 'CH', leaseUntil, holdId))) === 1,
  }
}

function countsOf([
  reservedNanoUsd = 0,
  spentNanoUsd = 0,
  lostNanoUsd = 0,
  overrunNanoUsd = 0,
]: readonly number[]): Counts {
  return { reservedNanoUsd, spentNanoUsd, lostNanoUsd, overrunNanoUsd }
}

/** Holds of a flat list of their ids and leases. */
function holdsOf(flat: readonly string[], keys: LedgerKeys, redis: RedisConnection): Promise<readonly OpenHold[]> {
  return Promise.all(Array.from({ length: flat.length / 2 }, (_, at) => holdOf(redis, keys, flat, at)))
}

async function holdOf(
  redis: RedisConnection,
  keys: LedgerKeys,
  flat: readonly string[],
  at: number,
): Promise<OpenHold> {
  const holdId = flat[at * 2] ?? ''
  const fields = await onRedis(() => redis.hgetall(keys.hold(holdId)))
  const held: Partial<Record<Share, number>> = {}
  for (let index = 1; fields[`c${index}`] !== undefined; index += 1) {
    held[fields[`s${index}`] as Share] = Number(fields[`a${index}`])
  }
  return { holdId, leaseUntil: Number(flat[at * 2 + 1]), held: held satisfies Amounts }
}
