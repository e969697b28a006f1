import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { ClimbLog } from '../shared/climb/climb-log.ts'
import { createRedisClimbLog } from '../shared/climb/redis-climb-log.ts'
import { climbLogTimes } from '../shared/climb/times.ts'
import type { LoadedConfig } from '../shared/config/load-config.ts'
import type { Clock } from '../shared/contract/clock.ts'
import type { Mailbox, MailSender, RouterMail } from '../shared/mailbox/mailbox.ts'
import { createMailSender, createRedisMailbox } from '../shared/mailbox/redis-mailbox.ts'
import type { OutcomeStore } from '../shared/outcomes/outcome-store.ts'
import { createRedisOutcomeStore } from '../shared/outcomes/redis-outcome-store.ts'
import type { PayloadStore } from '../shared/payload/payload-store.ts'
import { createRedisPayloadStore } from '../shared/payload/redis-payload-store.ts'
import { createBullmqProducer } from '../shared/queue/bullmq-producer.ts'
import type { Job } from '../shared/queue/job.ts'
import type { JobProducer } from '../shared/queue/pool-queue.ts'
import { checkRedis } from '../shared/redis/check-redis.ts'
import { connectRedis, whenReady, type RedisConnection } from '../shared/redis/connect.ts'
import { createRedisWorkerRegistry } from '../shared/registry/redis-worker-registry.ts'
import type { WorkerRegistry } from '../shared/registry/worker-registry.ts'
import { neverRun } from './climb/leg/never-run.ts'
import type { KeyStore } from './keys/key-store.ts'
import { createRedisKeyStore } from './keys/redis-key-store.ts'
import type { Ledger } from './ledger/ledger.ts'
import { createGeneration, type Generation } from './ledger/generation.ts'
import { createMemoryFile } from './ledger/memory-file.ts'
import { createRedisLedger } from './ledger/redis-ledger.ts'
import type { PolicyStore } from './policies/policy-store.ts'
import { createRedisPolicyStore } from './policies/redis-policy-store.ts'

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
  readonly generation: Generation
  readonly keys: KeyStore
  readonly outcomes: OutcomeStore
  readonly policies: PolicyStore
  close(): Promise<void>
}

const startTimeoutMs = 10_000
const mailboxTtlMs = 600_000
/** A settled hold is remembered for a minute: far longer than a command can hang on its way. */
const rememberHoldMs = 60_000
/** Counters of a day stay for a month, to be looked at. */
const keepCounterMs = 31 * 86_400_000

/** Connects, checks the server and builds the stores. @throws GatewayError Config, Overloaded */
export async function createStores(
  { config, places }: LoadedConfig,
  name: string,
  clock: Clock,
  logger: Logger,
): Promise<Stores> {
  const { prefix, url, commandTimeoutMs } = config.redis
  const redis = connectRedis({ url, commandTimeoutMs }, 'commands', logger)
  const reader = connectRedis({ url, commandTimeoutMs }, 'blocking', logger)
  await whenReady(redis, startTimeoutMs)
  await checkRedis(redis, logger)
  const maxWaiting = new Map(Object.entries(config.pools).map(([pool, { maxWaiting: most }]) => [pool, most]))
  const mail = createMailSender(prefix, redis)
  const onShed = ({ legId, replyTo }: Job): void => {
    const notice = { kind: 'leg-ended', legId, attempt: 0, end: neverRun('shed', clock.now()) } as const
    mail.send(replyTo, notice).catch((error: unknown) => logger.debug({ err: error, legId }, 'a shed leg waits on'))
  }
  const queue = createBullmqProducer({ prefix, maxWaiting, onShed }, redis)
  const mailbox = createRedisMailbox<RouterMail>({ prefix, name, ttlMs: mailboxTtlMs }, { reader, redis, logger })
  const { recordsPerTenant, keepDays } = config.learning
  const generation = await createGeneration(
    { prefix, keepCounterMs, onEmpty: config.budgets.emptyLedger },
    redis,
    createMemoryFile(memoryPath(url, prefix, places.state)),
    logger,
  )
  await generation.look()
  const quotaBytes = config.limits.payloadMegabytesPerTenant * 1e6
  return {
    redis,
    queue,
    mailbox,
    climbLog: createRedisClimbLog({ prefix, ...climbLogTimes }, redis),
    mail,
    payloads: createRedisPayloadStore({ prefix, quotaBytes }, redis, clock),
    registry: createRedisWorkerRegistry(prefix, redis, clock),
    generation,
    ledger: createRedisLedger({ prefix, rememberMs: rememberHoldMs, keepCounterMs }, redis, generation),
    keys: createRedisKeyStore(prefix, redis),
    policies: createRedisPolicyStore(prefix, redis, clock),
    outcomes: createRedisOutcomeStore({ prefix, recordsPerTenant, ttlMs: keepDays * 86_400_000 }, redis, clock),
    async close() {
      await mailbox.close()
      await queue.close()
      redis.disconnect()
    },
  }
}

/** One file for each ledger that this machine's routers use; none for a private Redis, which lives and dies with its system. */
function memoryPath(url: string, prefix: string, folder: string): string | undefined {
  if (url.startsWith(`unix://${tmpdir()}`)) return undefined
  const name = createHash('sha256').update(`${url} ${prefix}`).digest('hex').slice(0, 16)
  return join(folder, 'ledgers', `${name}.json`)
}
