import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { OnUnreadable } from '#services/platform/redis/pass-over'
import { createCascadeKeys } from '#services/state/cascade-log/cascade-keys'
import type { BatchStore } from '#services/state/batches/batch-store'
import { createRedisBatchStore } from '#services/state/batches/redis-batch-store'
import type { CascadeLog } from '#services/state/cascade-log/cascade-log'
import type { FileStore } from '#services/state/files/file-store'
import { createRedisFileStore } from '#services/state/files/redis-file-store'
import { createOpenCall } from '#services/state/cascade-log/open-call'
import { createRedisCascadeLog } from '#services/state/cascade-log/redis-cascade-log'
import { createReplicatedLog } from '#services/state/cascade-log/replicated-cascade-log'
import { logTimesOf, maxDeaths } from '#services/state/cascade-log/times'
import type { Dispatch } from '#services/state/dispatch/dispatch'
import { createRedisDispatch, type DispatchCalls } from '#services/state/dispatch/redis-dispatch'
import { createBeginHereCall, createRedisExpressLegs } from '#services/state/dispatch/redis-express-legs'
import type { ExpressLegs } from '#services/state/dispatch/express-legs'
import { createStepwiseDispatch } from '#services/state/dispatch/stepwise-dispatch'
import type { IndexStore } from '#services/state/index/index-store'
import type { JobList } from '#services/state/job-list/job-list'
import { createRedisJobList } from '#services/state/job-list/redis-job-list'
import type { LoadedConfig } from '#services/config/load-config'
import type { ReplyStream, ReplySender, RouterMessage, WorkerMessage } from '#services/state/replies/reply-stream'
import { createReplySender, createRedisReplyStream } from '#services/state/replies/redis-reply-stream'
import type { OutcomeStore } from '#services/state/outcomes/outcome-store'
import { createRedisOutcomeStore } from '#services/state/outcomes/redis-outcome-store'
import type { PayloadStore } from '#services/state/payloads/payload-store'
import { createRedisPayloadStore } from '#services/state/payloads/redis-payload-store'
import { createBullmqProducer } from '#services/state/queue/bullmq-producer'
import type { Job } from '#services/state/queue/job'
import type { JobProducer } from '#services/state/queue/pool-queue'
import { createPutCall, type PutOptions } from '#services/state/queue/put-call'
import { checkRedis } from '#services/platform/redis/check-redis'
import { connectRedis, isOneServer, whenReady, type RedisConnection } from '#services/platform/redis/connect'
import type { StoreClock } from '#services/platform/redis/store-clock'
import { openReplication } from '#services/platform/redis/replication'
import { watchStore, type StoreHealth } from '#services/platform/redis/store-health'
import { createRedisWorkerRegistry } from '#services/state/registry/redis-worker-registry'
import type { WorkerRegistry } from '#services/state/registry/worker-registry'
import { createRedisSessionStore } from '#services/state/sessions/redis-session-store'
import type { SessionStore } from '#services/state/sessions/session-store'
import type { StoreMetrics } from '#services/platform/telemetry/store-metrics'
import { neverRun } from '#services/router/cascade/leg/never-run'
import type { KeyStore } from '#services/router/edge/auth/keys/key-store'
import { createRedisKeyStore } from '#services/router/edge/auth/keys/redis-key-store'
import type { Ledger } from '#services/state/ledger/ledger'
import type { Escrow } from '#services/state/ledger/escrow/escrow'
import { createRedisEscrow } from '#services/state/ledger/escrow/redis-escrow'
import { createGeneration, type Generation } from '#services/state/ledger/generation'
import { createLedgerKeys } from '#services/state/ledger/ledger-keys'
import { createMemoryFile } from '#services/state/ledger/memory-file'
import { createRedisLedger } from '#services/state/ledger/redis-ledger'
import { createReserveCall } from '#services/state/ledger/reserve-call'
import { createRedisAnswerStore } from '#services/state/answers/redis-answer-store'
import type { AnswerStore } from '#services/state/answers/answer-store'
import { openIndexStore, openQuestionStore } from './retrieval/open-index-store.ts'
import type { PolicyStore } from '#services/router/policies/policy-store'
import { createRedisPolicyStore } from '#services/router/policies/redis-policy-store'
import {
  keepCounterMs,
  leaseMs,
  rememberHoldMs,
  replyStreamTtlMs,
  startTimeoutMs,
} from '#services/router/lifecycle/timings'

/** Everything of a router that lives in Redis. */
export interface Stores {
  readonly redis: RedisConnection
  readonly cascadeLog: CascadeLog
  readonly jobList: JobList
  readonly queue: JobProducer
  readonly dispatch: Dispatch
  readonly express: ExpressLegs
  readonly replySender: ReplySender
  readonly replyStream: ReplyStream<RouterMessage | WorkerMessage>
  readonly payloads: PayloadStore
  readonly registry: WorkerRegistry
  readonly ledger: Ledger
  /** What this router has leased of the budgets; absent where every request reserves in the ledger. */
  readonly escrow?: Escrow
  readonly generation: Generation
  readonly keys: KeyStore
  readonly outcomes: OutcomeStore
  readonly policies: PolicyStore
  readonly sessions: SessionStore
  readonly files: FileStore
  readonly batches: BatchStore
  readonly indexes: IndexStore
  readonly answers: AnswerStore
  /** Questions that were answered before. */
  readonly questions: IndexStore
  /** Whether Redis can be used now. */
  readonly health: StoreHealth
  close(): Promise<void>
}

/** What the stores need. */
export interface StoresDependencies {
  /** Goes by Redis' time as soon as that is known. */
  readonly clock: StoreClock
  readonly logger: Logger
  readonly metrics: StoreMetrics
}

/** Of each tenant. */
const mostJobsListed = 10_000

/** Connects, checks the server and builds the stores. @throws GatewayError Config, Overloaded */
export async function createStores(
  { config, places }: LoadedConfig,
  name: string,
  { clock, logger, metrics }: StoresDependencies,
): Promise<Stores> {
  const { prefix, url, commandTimeoutMs } = config.redis
  const redis = connectRedis({ url, commandTimeoutMs, onRefusal: metrics.refused }, logger)
  const reader = connectRedis({ url, commandTimeoutMs }, logger)
  await whenReady(redis, startTimeoutMs)
  await checkRedis(redis, logger)
  const health = await watchStore({ prefix, tag: 'money' }, { redis, clock, logger })
  metrics.show({ isUp: () => health.fault === undefined, clockAheadMs: () => clock.aheadMs })
  const maxWaiting = new Map(Object.entries(config.pools).map(([pool, { maxWaiting: most }]) => [pool, most]))
  const replySender = createReplySender(prefix, redis)
  const onShed = ({ legId, replyTo }: Job): void => {
    const notice = { kind: 'leg-ended', legId, attempt: 0, end: neverRun('shed', clock.now()) } as const
    replySender
      .send(replyTo, notice)
      .catch((error: unknown) => logger.debug({ err: error, legId }, 'a shed leg waits on'))
  }
  const putOptions = { prefix, maxWaiting, onShed }
  const queue = createBullmqProducer(putOptions, redis)
  const replyStream = createRedisReplyStream<RouterMessage | WorkerMessage>(
    { prefix, name, ttlMs: replyStreamTtlMs },
    { reader, redis, logger },
  )
  const { recordsPerTenant, keepDays } = config.learning
  const generation = await createGeneration(
    { prefix, keepCounterMs, onEmpty: config.budgets.emptyLedger },
    redis,
    createMemoryFile(memoryPath(url, prefix, places.state)),
    logger,
  )
  await generation.refresh()
  const replication = openReplication({ prefix, waitMs: Math.floor(commandTimeoutMs / 2) }, redis, logger)
  const onUnreadable: OnUnreadable = (id, error) => logger.error({ id, err: error }, 'a record cannot be read')
  const log = createRedisCascadeLog({ prefix, ...logTimesOf(config.redis.keep), onUnreadable }, redis)
  const cascadeLog = createReplicatedLog(log, { prefix, replication, clock })
  const own = createRedisLedger({ prefix, rememberMs: rememberHoldMs, keepCounterMs }, redis, generation)
  const mark = (): string => generation.mark
  const escrow =
    config.budgets.escrow === 'auto' && isOneServer(redis)
      ? createRedisEscrow({ prefix, name, leaseMs, keepCounterMs }, { redis, ledger: own, mark, logger })
      : undefined
  const ledger = escrow === undefined ? own : { ...own, settle: escrow.settle }
  const express = createRedisExpressLegs({ prefix, maxDeaths }, redis, cascadeLog)
  const quotaBytes = config.limits.payloadMegabytesPerTenant * 1e6
  const indexes = await openIndexStore(config, redis, clock)
  const { filesPerTenant: mostFiles, fileMegabytesPerTenant, perTenant: mostOpen } = config.limits.batches
  return {
    redis,
    health,
    queue,
    replyStream,
    dispatch: isOneServer(redis)
      ? createRedisDispatch(
          { ...callsOf(prefix, mark, putOptions), ...(escrow === undefined ? {} : { escrow }) },
          redis,
        )
      : createStepwiseDispatch({ ledger, cascadeLog: cascadeLog, queue, express }),
    express,
    cascadeLog,
    jobList: createRedisJobList({ prefix, most: mostJobsListed, ttlMs: config.redis.keep.deadLetterMs }, redis),
    replySender,
    payloads: createRedisPayloadStore({ prefix, quotaBytes }, redis, clock),
    registry: createRedisWorkerRegistry(prefix, redis, clock),
    generation,
    ledger,
    ...(escrow === undefined ? {} : { escrow }),
    keys: createRedisKeyStore(prefix, redis),
    policies: createRedisPolicyStore(prefix, redis, clock),
    sessions: createRedisSessionStore(prefix, redis),
    files: createRedisFileStore({ prefix, quotaBytes: fileMegabytesPerTenant * 1e6, mostFiles }, redis, clock),
    batches: createRedisBatchStore({ prefix, mostOpen, keepMs: config.redis.keep.fileMs, onUnreadable }, redis, clock),
    indexes,
    answers: createRedisAnswerStore(prefix, redis),
    questions: openQuestionStore(prefix, redis, clock),
    outcomes: createRedisOutcomeStore({ prefix, recordsPerTenant, ttlMs: keepDays * 86_400_000 }, redis, clock),
    async close() {
      await escrow?.close().catch((error: unknown) => logger.warn({ err: error }, 'the slice lapses with its lease'))
      await replyStream.close()
      await queue.close()
      await health.stop()
      await indexes.close()
      replication.close()
      redis.disconnect()
    },
  }
}

/** The three steps of a dispatch on one server. */
function callsOf(prefix: string, mark: () => string, putOptions: PutOptions): DispatchCalls {
  return {
    reserve: createReserveCall({ keys: createLedgerKeys(prefix), keepCounterMs, mark }),
    open: createOpenCall(createCascadeKeys(prefix)),
    put: createPutCall(putOptions),
    begin: createBeginHereCall({ prefix, maxDeaths }),
  }
}

/**
 * One file for each ledger that this machine's routers use; none for a private Redis, which lives and dies with its
 * system.
 */
function memoryPath(url: string, prefix: string, folder: string): string | undefined {
  if (url.startsWith(`unix://${tmpdir()}`)) return undefined
  const name = createHash('sha256').update(`${url} ${prefix}`).digest('hex').slice(0, 16)
  return join(folder, 'ledgers', `${name}.json`)
}
