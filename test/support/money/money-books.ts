import type { Redis } from 'ioredis'
import type { Price } from '#services/contract/price'

/** What a cascade's log says that its legs have used, read without the code that settles. */
interface Cascade {
  readonly holdId: string
  readonly heldNanoUsd: number
  readonly usedNanoUsd: number
  /** Of it, legs that began and left no receipt, at their reserve. */
  readonly estimatedNanoUsd: number
  /** Attempts that lost their legs. */
  readonly lostNanoUsd: number
}

interface PlannedRung {
  readonly name: string
  readonly reserveNanoUsd: number
  readonly price?: Price
}

/** Reads every cascade of a prefix. */
export async function readCascades(redis: Redis, prefix: string): Promise<readonly Cascade[]> {
  const keys = await keysOf(redis, `${prefix}:{c:*}:cascade`)
  const all = await Promise.all(keys.map(key => redis.hgetall(key)))
  return all.filter(fields => fields['request'] !== undefined).map(cascadeStateOf)
}

function cascadeStateOf(fields: Readonly<Record<string, string>>): Cascade {
  const plan = JSON.parse(fields['plan'] ?? '{}') as { rungs: PlannedRung[]; holdId: string; heldNanoUsd: number }
  let usedNanoUsd = 0
  let estimatedNanoUsd = 0
  let lostNanoUsd = 0
  for (let index = 0; fields[`l${index}`] !== undefined; index += 1) {
    const { rung } = JSON.parse(fields[`l${index}`] ?? '{}') as { rung: string }
    const reserve = plan.rungs.find(one => one.name === rung)?.reserveNanoUsd ?? 0
    const attempts = Number(fields[`l${index}:a`] ?? 0)
    const end = fields[`l${index}:e`]
    const left = (attempt: number): number | undefined => {
      const cost = fields[`l${index}:f${attempt}`]
      return cost === undefined ? undefined : Number(cost)
    }
    for (let attempt = 1; attempt < attempts; attempt += 1) lostNanoUsd += left(attempt) ?? reserve
    if (end !== undefined) usedNanoUsd += (JSON.parse(end) as { receipt: { costNanoUsd: number } }).receipt.costNanoUsd
    else if (attempts > 0) {
      usedNanoUsd += left(attempts) ?? reserve
      if (left(attempts) === undefined) estimatedNanoUsd += reserve
    }
  }
  return { holdId: plan.holdId, heldNanoUsd: plan.heldNanoUsd, usedNanoUsd, estimatedNanoUsd, lostNanoUsd }
}

/** A counter of the ledger, as Redis has it. */
export interface CounterNow {
  readonly reserved: number
  /** What routers lease for requests to come. */
  readonly leased: number
  readonly spent: number
  readonly lost: number
  readonly overrun: number
}

/** Reads one counter. */
export async function readCounter(redis: Redis, key: string): Promise<CounterNow> {
  const fields = ['reserved', 'spent', 'lost', 'overrun', 'leased'] as const
  const [reserved, spent, lost, overrun, leased] = await redis.hmget(key, ...fields)
  return {
    reserved: Number(reserved ?? 0),
    leased: Number(leased ?? 0),
    spent: Number(spent ?? 0),
    lost: Number(lost ?? 0),
    overrun: Number(overrun ?? 0),
  }
}

/** Keys of a pattern, without stopping the server for all of them at once. */
export async function keysOf(redis: Redis, pattern: string): Promise<readonly string[]> {
  const found = new Set<string>()
  let cursor = '0'
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', 1000)
    for (const key of keys) found.add(key)
    cursor = next
  } while (cursor !== '0')
  return [...found]
}
