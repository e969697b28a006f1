import type { RedisConnection } from '#services/platform/redis/connect'
import { runTogether } from '#services/platform/redis/together/run-together'
import { loadScript } from '#services/platform/redis/script'
import type { Settlement } from '../ledger.ts'
import type { LedgerKeys } from '../ledger-keys.ts'

/** What became of a draw: what went beyond the tenant's share of it, or that it is not in the slice any more. */
export type SettledDraw = { readonly overrunNanoUsd: number } | 'gone'

/** Settles draws; concurrent ones go to Redis in one step, in order. */
export type SettleDraw = (sliceId: string, holdId: string, settlement: Settlement) => Promise<SettledDraw>

const script = loadScript(import.meta.url, '../lua/charge.lua', 'lua/settle-draw.lua')

/** Makes the settling. */
export function createSettleDraw(redis: RedisConnection, keys: LedgerKeys): SettleDraw {
  return async (sliceId, holdId, { spent, lostNanoUsd, estimatedNanoUsd }) => {
    const shares = Object.entries(spent).map(([share, amount]) => `${share} ${amount ?? 0}`)
    const args = [holdId, lostNanoUsd, estimatedNanoUsd, shares.join(' ')]
    const word = await runTogether(redis, 'tick', { script, keys: [keys.slice(sliceId), keys.draws(sliceId)], args })
    return word === '-' ? 'gone' : { overrunNanoUsd: Number(word) }
  }
}
