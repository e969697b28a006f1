import type { Clock } from '#services/contract/clock'
import type { RedisConnection } from '#services/platform/redis/connect'
import { onRedis } from '#services/platform/redis/run-command'
import { loadScript, runScript } from '#services/platform/redis/script'
import { createOutcomeKeys, type OutcomeKeys, type StreamName } from './outcome-keys.ts'
import { outcomeRecordSchema, type OutcomeRecord } from './outcome-record.ts'
import type { KeptOutcome, OutcomeStore } from './outcome-store.ts'

/** How much is kept. */
export interface OutcomeStoreOptions {
  readonly prefix: string
  /** Of one tenant under one policy version; the oldest go first. */
  readonly recordsPerTenant: number
  readonly ttlMs: number
}

/**
 * Streams of one ladder: tenants times the policies of a month, with room. Beyond it the one that was longest
 * silent goes.
 */
const mostStreams = 2000
const recordsPerRead = 500

const appendScript = loadScript(import.meta.url, 'append.lua')

/**
 * Outcome records in Redis streams, one a ladder, policy version and tenant, so that no tenant can push another's
 * out.
 */
export function createRedisOutcomeStore(
  options: OutcomeStoreOptions,
  redis: RedisConnection,
  clock: Clock,
): OutcomeStore {
  const keys = createOutcomeKeys(options.prefix)
  return {
    async append(tenant, record) {
      const { ladder, policyVersion } = record
      const name = { ladder, policyVersion, tenant }
      const dropped = await runScript(
        redis,
        appendScript,
        [keys.stream(name), keys.index(ladder)],
        [
          JSON.stringify(record),
          options.recordsPerTenant,
          options.ttlMs,
          keys.memberOf(name),
          clock.now(),
          mostStreams,
        ],
      )
      if (!Array.isArray(dropped)) return
      for (const member of dropped.map(String)) {
        await onRedis(() => redis.unlink(keys.stream(keys.nameOf(ladder, member))))
      }
    },
    async *read(ladder, tenant) {
      const members = await onRedis(() => redis.zrange(keys.index(ladder), '0', '-1'))
      const names = members.map(member => keys.nameOf(ladder, member))
      for (const name of names.filter(one => tenant === undefined || one.tenant === tenant)) {
        yield* readStream(name, keys, redis)
      }
    },
  }
}

async function* readStream(name: StreamName, keys: OutcomeKeys, redis: RedisConnection): AsyncGenerator<KeptOutcome> {
  let from = '-'
  for (;;) {
    const start = from
    const entries = await onRedis(() => redis.xrange(keys.stream(name), start, '+', 'COUNT', String(recordsPerRead)))
    for (const [, fields] of entries) {
      const record = recordOf(fields[1])
      if (record !== undefined) yield { tenant: name.tenant, record }
    }
    const last = entries.at(-1)?.[0]
    if (last === undefined || entries.length < recordsPerRead) return
    from = `(${last}`
  }
}

/** A record that this version cannot read was written by another; it is left out. */
function recordOf(text: string | undefined): OutcomeRecord | undefined {
  try {
    return outcomeRecordSchema.safeParse(JSON.parse(text ?? '')).data
  } catch {
    // No JSON is no record either.
    return undefined
  }
}
