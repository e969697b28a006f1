import type { RedisConnection } from '#services/platform/redis/connect'
import { loadScript, runScript } from '#services/platform/redis/script'
import type { LedgerKeys } from '../ledger-keys.ts'

const closing = loadScript(import.meta.url, 'lua/close-slice.lua')
const due = loadScript(import.meta.url, '../lua/due.lua')

/** Slices that are closed in one pass. */
const mostAtOnce = 100

/**
 * Ends a slice, if its lease is over or `now` is true: its draws become holds, and the rest is free again. Other
 * routers' slices are ended in the same way.
 */
export async function closeSlice(
  redis: RedisConnection,
  keys: LedgerKeys,
  sliceId: string,
  now = false,
): Promise<void> {
  const all = [keys.slices, keys.slice(sliceId), keys.draws(sliceId), keys.holds]
  let left = 1
  while (left > 0) left = Number(await runScript(redis, closing, all, [sliceId, keys.hold(''), now ? 1 : 0]))
}

/** Ends the slices whose lease is over: their routers have died, or cannot reach Redis. */
export async function closeDueSlices(redis: RedisConnection, keys: LedgerKeys, nowMs: number): Promise<void> {
  const reply = await runScript(redis, due, [keys.slices], [nowMs, mostAtOnce])
  const flat = Array.isArray(reply) ? reply.map(String) : []
  for (let at = 0; at < flat.length; at += 2) await closeSlice(redis, keys, flat[at] ?? '')
}
