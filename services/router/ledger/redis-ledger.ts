import type { Ledger, Scope } from './ledger.ts'

/** Runs a Lua script in Redis. */
export type RunScript = (
  script: 'reserve' | 'settle',
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<unknown>

/** What the ledger asks of Redis beside its scripts. */
export interface LedgerStore {
  readonly run: RunScript
  readonly counts: (key: string) => Promise<readonly (string | null)[]>
  readonly oldest: (key: string, untilMs: number, limit: number) => Promise<readonly string[]>
  readonly touch: (key: string, member: string, score: number) => Promise<boolean>
}

/** What a ledger is told. */
export interface RedisLedgerOptions {
  readonly prefix: string
  /** How long a settled hold is remembered, so that a late second settlement changes nothing. */
  readonly rememberMs: number
  /** Counters outlive their window by this, to be looked at. */
  readonly keepCounterMs: number
}

/** The ledger in Redis: every key in one slot, one round trip each way. */
export function createRedisLedger(options: RedisLedgerOptions, store: LedgerStore): Ledger {
  const tag = `${options.prefix}:{money}`
  const holdKey = (holdId: string): string => `${tag}:hold:${holdId}`
  const counterKey = (scope: Scope): string => `${tag}:scope:${scope.counter}`
  const holdsKey = `${tag}:holds`
  return {
    async reserve(holdId, amountNanoUsd, scopes, leaseUntil) {
      const keys = [holdKey(holdId), holdsKey, ...scopes.map(counterKey)]
      const limits = scopes.flatMap(scope => [
        scope.limitNanoUsd === undefined ? '' : String(scope.limitNanoUsd),
        options.keepCounterMs,
      ])
      const reply = await store.run('reserve', keys, [holdId, amountNanoUsd, leaseUntil, options.rememberMs, ...limits])
      const [index, remaining] = Array.isArray(reply) ? reply.map(Number) : []
      const scope = scopes[(index ?? 0) - 1]
      if (scope === undefined) return { kind: 'held' }
      return { kind: 'refused', scope, remainingNanoUsd: remaining ?? 0 }
    },
    async settle(holdId, spentNanoUsd) {
      const reply = await store.run('settle', [holdKey(holdId), holdsKey], [holdId, spentNanoUsd, options.rememberMs])
      return reply === 1
    },
    balances: scopes =>
      Promise.all(
        scopes.map(async scope => {
          const [reserved, spent] = await store.counts(counterKey(scope))
          return { scope, reservedNanoUsd: Number(reserved ?? 0), spentNanoUsd: Number(spent ?? 0) }
        }),
      ),
    expired: (nowMs, limit) => store.oldest(holdsKey, nowMs, limit),
    extend: (holdId, leaseUntil) => store.touch(holdsKey, holdId, leaseUntil),
  }
}
