import type { Logger } from 'pino'
import type { ClimbLog } from '../shared/climb/climb-log.ts'
import { createRedisClimbLog } from '../shared/climb/redis-climb-log.ts'
import { climbLogTimes } from '../shared/climb/times.ts'
import type { Config } from '../shared/config/schema.ts'
import type { Clock } from '../shared/contract/clock.ts'
import type { Mailbox, MailSender, RouterMail } from '../shared/mailbox/mailbox.ts'
import { createMailSender, createRedisMailbox } from '../shared/mailbox/redis-mailbox.ts'
import type { OutcomeStore } from '../shared/outcomes/outcome-store.ts'
import { createRedisOutcomeStore } from '../shared/outcomes/redis-outcome-store.ts'
import type { PayloadStore } from '../shared/payload/payload-store.ts'
import { createRedisPayloadStore } from '../shared/payload/redis-payload-store.ts'
import { createBullmqProducer } from '../shared/queue/bullmq-producer.ts'
import type { JobProducer } from '../shared/queue/pool-queue.ts'
import { checkRedis } from '../shared/redis/check-redis.ts'
import { connectRedis, whenReady, type RedisConnection } from '../shared/redis/connect.ts'
import { createRedisWorkerRegistry } from '../shared/registry/redis-worker-registry.ts'
import type { WorkerRegistry } from '../shared/registry/worker-registry.ts'
import type { KeyStore } from './keys/key-store.ts'
import { createRedisKeyStore } from './keys/redis-key-store.ts'
import type { Ledger } from './ledger/ledger.ts'
import { createLedgerStore } from './ledger/ledger-store.ts'
import { createRedisLedger } from './ledger/redis-ledger.ts'

/** Everything of a router that lives in Redis. */
export interface Stores {
  readonly redis: RedisConnection
  readonly climbLog: ClimbLog
  readonly queue: JobProducer
  readonly mail: MailSender
  readonly mailbox: Mailbox<RouterMail>
  readonly payloads: PayloadStore
  readonly registry: WorkerRegistry
  readonly ledger: Ledger
  readonly keys: KeyStore
  readonly outcomes: OutcomeStore
  close(): Promise<void>
}

const startTimeoutMs = 10_000
const mailboxTtlMs = 600_000
/** A settled hold is remembered for an hour: far longer than any second settlement can be late. */
const rememberHoldMs = 3_600_000
/** Counters of a day stay for a month, to be looked at. */
const keepCounterMs = 31 * 86_400_000

/** Connects, checks the server and builds the stores. @throws GatewayError Config, Overloaded */
export async function createStores(config: Config, name: string, clock: Clock, logger: Logger): Promise<Stores> {
  const { prefix, url, commandTimeoutMs } = config.redis
  const redis = connectRedis({ url, commandTimeoutMs }, 'commands', logger)
  const reader = connectRedis({ url, commandTimeoutMs }, 'blocking', logger)
  await whenReady(redis, startTimeoutMs)
  await checkRedis(redis, logger)
  const maxWaiting = new Map(Object.entries(config.pools).map(([pool, { maxWaiting: most }]) => [pool, most]))
  const queue = createBullmqProducer({ prefix, maxWaiting }, redis)
  const mailbox = createRedisMailbox<RouterMail>({ prefix, name, ttlMs: mailboxTtlMs }, { reader, redis, logger })
  const { recordsPerTenant, keepDays } = config.learning
  const quotaBytes = config.limits.payloadMegabytesPerTenant * 1e6
  return {
    redis,
    queue,
    mailbox,
    climbLog: createRedisClimbLog({ prefix, ...climbLogTimes }, redis),
    mail: createMailSender(prefix, redis),
    payloads: createRedisPayloadStore({ prefix, quotaBytes }, redis, clock),
    registry: createRedisWorkerRegistry(prefix, redis, clock),
    ledger: createRedisLedger({ prefix, rememberMs: rememberHoldMs, keepCounterMs }, createLedgerStore(redis)),
    keys: createRedisKeyStore(prefix, redis),
    outcomes: createRedisOutcomeStore({ prefix, recordsPerTenant, ttlMs: keepDays * 86_400_000 }, redis, clock),
    async close() {
      await mailbox.close()
      await queue.close()
      redis.disconnect()
    },
  }
}
