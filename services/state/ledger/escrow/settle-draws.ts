import type { RedisConnection } from '#services/platform/redis/connect'
import { loadScript, runScript } from '#services/platform/redis/script'
import type { Settlement } from '../ledger.ts'
import type { LedgerKeys } from '../ledger-keys.ts'

/** What became of a draw: what went beyond the tenant's share of it, or that it is not in the slice any more. */
export type SettledDraw = { readonly overrunNanoUsd: number } | 'gone'

/** Settles draws; those that come together go to Redis in one step. */
export type SettleDraws = (sliceId: string, holdId: string, settlement: Settlement) => Promise<SettledDraw>

interface Waiting {
  readonly holdId: string
  readonly settlement: Settlement
  readonly resolve: (settled: SettledDraw) => void
  readonly reject: (error: unknown) => void
}

const script = loadScript(import.meta.url, 'lua/settle-draws.lua')
/** Nobody waits for a settlement, but the money is not free before it. */
const gatherMs = 2
const mostAtOnce = 100

/** Makes the settling. */
export function createSettleDraws(redis: RedisConnection, keys: LedgerKeys): SettleDraws {
  const waiting = new Map<string, Waiting[]>()

  const send = async (sliceId: string, batch: readonly Waiting[]): Promise<void> => {
    try {
      const args = batch.flatMap(({ holdId, settlement }) => wordsOf(holdId, settlement))
      const reply = await runScript(redis, script, [keys.slice(sliceId), keys.draws(sliceId)], args)
      const words = Array.isArray(reply) ? reply.map(String) : []
      for (const [at, { resolve }] of batch.entries()) resolve(settledOf(words[at]))
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
  const flush = (sliceId: string): void => {
    const all = waiting.get(sliceId) ?? []
    waiting.delete(sliceId)
    for (let at = 0; at < all.length; at += mostAtOnce) void send(sliceId, all.slice(at, at + mostAtOnce))
  }

  return (sliceId, holdId, settlement) =>
    new Promise((resolve, reject) => {
      const batch = waiting.get(sliceId)
      const one = { holdId, settlement, resolve, reject }
      if (batch !== undefined) {
        batch.push(one)
        return
      }
      waiting.set(sliceId, [one])
      setTimeout(() => flush(sliceId), gatherMs)
    })
}

function wordsOf(holdId: string, { spent, lostNanoUsd, estimatedNanoUsd }: Settlement): readonly (string | number)[] {
  const shares = Object.entries(spent).map(([share, amount]) => `${share} ${amount ?? 0}`)
  return [holdId, lostNanoUsd, estimatedNanoUsd, shares.join(' ')]
}

function settledOf(word: string | undefined): SettledDraw {
  return word === undefined || word === '-' ? 'gone' : { overrunNanoUsd: Number(word) }
}
