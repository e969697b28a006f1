import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { beginningOf } from '#services/state/cascade-log/begin-leg'
import { createRedisCascadeLog } from '#services/state/cascade-log/redis-cascade-log'
import { logTimesOf } from '#services/state/cascade-log/times'
import { GatewayError } from '#services/contract/errors'
import type { LoadedConfig } from '#services/config/load-config'
import type { Config } from '#services/config/schema'
import { createReplySender, createRedisReplyStream } from '#services/state/replies/redis-reply-stream'
import type { WorkerMessage } from '#services/state/replies/reply-stream'
import { openPacks } from '#services/packs/open-packs'
import { packNamesOf } from '#services/packs/pack-names'
import { createRedisPayloadStore } from '#services/state/payloads/redis-payload-store'
import { every, sleep } from '#services/platform/process/every'
import type { Service } from '#services/platform/process/run-service'
import { createBullmqConsumer } from '#services/state/queue/bullmq-consumer'
import { envelopeVersion } from '#services/state/queue/job'
import { checkRedis } from '#services/platform/redis/check-redis'
import { connectRedis, whenReady } from '#services/platform/redis/connect'
import { createStoreClock } from '#services/platform/redis/store-clock'
import { watchStore } from '#services/platform/redis/store-health'
import { createRedisWorkerRegistry } from '#services/state/registry/redis-worker-registry'
import type { WorkerState } from '#services/state/registry/worker-registry'
import { createMetricsRegistry } from '#services/platform/telemetry/create-metrics-registry'
import { openTelemetry } from '#services/platform/telemetry/open-tracer'
import { openOpsServer } from '#services/platform/telemetry/ops-server'
import { storeFaults } from '#services/platform/telemetry/store-faults'
import { createStoreMetrics } from '#services/platform/telemetry/store-metrics'
import { createCollector } from '#services/worker/collect/collector'
import { watchTakes } from '#services/worker/collect/watch-takes'
import { createEngine, type EngineModel } from '#services/worker/engine/engine'
import { handleBatch, type BatchDependencies } from './handle-batch.ts'
import { createWorkerMetrics, showModelMemory } from '#services/worker/telemetry/worker-metrics'
import { createOpenLegs } from '#services/worker/report/open-legs'
import { startTakeLoops } from '#services/worker/engine/take-loops'
import type { Engine } from './states.ts'
import { reportServers } from '#services/worker/telemetry/report-servers'
import { createCallMetrics, tracedModelOf, type TracedModel } from '#services/backends/leg/traced-model'
import { traceLeg } from '#services/worker/telemetry/trace-leg'
import { createSharedBreakers } from '#services/backends/remote/endpoints/shared-breakers'
import { createUpstreamMeter } from '#services/backends/remote/upstream-metrics'
import { backendSpecOf } from '#services/backends/backend-spec-of'
import { beatEveryMs, beatTtlMs, replyStreamTtlMs, startTimeoutMs } from '#services/worker/timings'

/** Builds a worker of one pool out of the configuration and starts it. @throws GatewayError Config, Overloaded */
export async function composeWorker(
  loaded: LoadedConfig,
  pool: string,
  version: string,
  logger: Logger,
): Promise<Service> {
  const { config, places } = loaded
  const poolConfig = config.pools[pool]
  if (poolConfig === undefined) {
    throw new GatewayError('Config', `there is no pool ${pool}; there are ${Object.keys(config.pools).join(', ')}`)
  }
  const clock = createStoreClock()
  const registry = createMetricsRegistry()
  const storeMetrics = createStoreMetrics(registry, 'worker')
  const workerId = `worker-${pool}-${randomBytes(6).toString('hex')}`
  const { prefix, commandTimeoutMs, url } = config.redis
  const address = { url, commandTimeoutMs, onRefusal: storeMetrics.refused }
  const redis = connectRedis(address, logger)
  const reader = connectRedis(address, logger)
  const queueConnection = connectRedis(address, logger)
  await Promise.all([redis, queueConnection].map(connection => whenReady(connection, startTimeoutMs)))
  await checkRedis(redis, logger)
  const health = await watchStore({ prefix, tag: 'money' }, { redis, clock, logger })
  storeMetrics.show({ isUp: () => health.fault === undefined, clockAheadMs: () => clock.aheadMs })

  const telemetry = await openTelemetry(config.traces, { service: 'sluice-worker', version, instance: workerId })
  /** Told when models come and go, as soon as there is somebody who collects for them. */
  const collecting: { interrupt?: () => void } = {}
  const models = modelsOf(config, pool)
  const verifiers = verifiersOf(config, pool)
  const packs = await openPacks(
    [...models, ...verifiers].flatMap(({ backend }) => packNamesOf(backend)),
    places,
  )
  const breakers = createSharedBreakers()
  const engine = await createEngine(
    { models, verifiers, mostGrowthBytes: poolConfig.modelGrowthMegabytes * 1e6 },
    {
      packPath(name) {
        const folder = packs.get(name)
        if (folder === undefined) throw new Error(`pack ${name} was not opened`)
        return folder
      },
      logger,
      clock,
      changed: () => collecting.interrupt?.(),
      meter: createUpstreamMeter(registry, logger),
      breakers,
    },
  )
  const times = logTimesOf(config.redis.keep)
  const cascadeLog = createRedisCascadeLog({ prefix, ...times }, redis)
  const replySender = createReplySender(prefix, redis)
  const quotaBytes = config.limits.payloadMegabytesPerTenant * 1e6
  const payloads = createRedisPayloadStore({ prefix, quotaBytes }, redis, clock)
  const openLegs = createOpenLegs(replySender, sleep)
  const metrics = createWorkerMetrics(registry, () => openLegs.size, { pool, models: engine.models })
  showModelMemory(registry, engine.memory)
  const replyStream = createRedisReplyStream<WorkerMessage>(
    { prefix, name: workerId, ttlMs: replyStreamTtlMs },
    { reader, redis, logger },
  )
  replyStream.listen(openLegs.deliver)
  const consumer = watchTakes(
    createBullmqConsumer(
      {
        prefix,
        pool,
        lockMs: poolConfig.lockMs,
        renewMs: Math.floor(poolConfig.lockMs / 3),
        beginning: beginningOf({ prefix, ...times }, workerId),
      },
      queueConnection,
      logger,
      clock,
    ),
    { pool, commandTimeoutMs, models: () => engine.models },
    { logger, observe: metrics.takesRestarted },
  )
  const { maxSize, maxWaitMs } = poolConfig.batch
  const limits = (): ReadonlyMap<string, number> =>
    new Map(engine.takers.map(name => [name, Math.min(maxSize, engine.maxBatch(name))]))
  const collector = createCollector({ maxWaitMs, limits, isBusy: engine.isBusy }, { consumer, clock, sleep })
  collecting.interrupt = collector.interrupt
  const parallelOf = (name: string): number =>
    engine.isParallel(name) ? poolConfig.concurrency * (limits().get(name) ?? 1) : 1
  const traced = tracedModelsOf(config, pool)
  const legTelemetry = { tracer: telemetry.tracer, metrics: createCallMetrics(telemetry.meter) }
  const trace: BatchDependencies['trace'] = (taken, begun) =>
    traceLeg(taken, { ...begun, pool }, traced.get(taken.job.model), legTelemetry)
  const dependencies: BatchDependencies = {
    cascadeLog,
    replySender,
    clock,
    logger,
    workerId,
    sleep,
    payloads,
    pictureTtlMs: times.asyncTtlMs,
    engine,
    openLegs,
    metrics,
    trace,
  }
  const loops = startTakeLoops(poolConfig.concurrency, {
    collector,
    handle: (batch, place) => handleBatch(batch, place, dependencies),
    logger,
    sleep,
  })

  const workers = createRedisWorkerRegistry(prefix, redis, clock)
  const startedAt = clock.now()
  const beat = async (): Promise<void> => {
    const { drain, shut } = await workers.beat(
      {
        workerId,
        pool,
        models: engine.models,
        capacity: poolConfig.concurrency * poolConfig.batch.maxSize,
        running: openLegs.size,
        concurrency: poolConfig.concurrency,
        parallel: Object.fromEntries(engine.models.map(name => [name, parallelOf(name)])),
        engines: enginesOf(engine),
        draining: loops.paused,
        startedAt,
        version,
        envelopeVersion,
        times: metrics.times(),
      },
      beatTtlMs,
      breakers.shut(),
    )
    breakers.hear(shut)
    if (drain === loops.paused) return
    loops.pause(drain)
    await beat()
  }
  await beat()
  const beating = every(beatEveryMs, beat, error => logger.debug({ err: error }, 'a heartbeat failed'))
  const watching = every(beatEveryMs, consumer.check, error =>
    logger.debug({ err: error }, 'the queue could not be checked'),
  )
  const ops = await openOpsServer(config.listen.workerOps, registry, {
    notReady: () => [
      ...storeFaults(health),
      ...(consumer.canTake ? [] : [{ check: 'queue' }]),
      ...(loops.paused ? [{ check: 'draining' }] : []),
    ],
  })
  logger.info({ workerId, pool, models: engine.models, ops: ops.address }, 'worker is ready')
  void reportServers(config, pool, logger)

  return {
    drainMs: config.limits.drainMs,
    async drain() {
      loops.pause(true)
      await beat().catch(() => {
        // Redis is away; the heartbeat runs out by itself.
      })
      await loops.stop()
      await Promise.all([beating.stop(), watching.stop()])
      await workers.leave(workerId).catch(() => {
        // As above.
      })
      await consumer.close()
      await replyStream.close()
      await engine.close()
      await ops.close()
      await telemetry.close()
      await health.stop()
      redis.disconnect()
      queueConnection.disconnect()
    },
  }
}

function enginesOf(engine: Engine): NonNullable<WorkerState['engines']> {
  return Object.fromEntries(
    engine.models.flatMap(model => {
      const queue = engine.engineQueue(model)
      return queue === undefined ? [] : [[model, queue]]
    }),
  )
}

function modelsOf(config: Config, pool: string): readonly EngineModel[] {
  const { executionProviders = ['cpu'], threads = 1 } = config.pools[pool] ?? {}
  return Object.entries(config.models)
    .filter(([, model]) => model.pool === pool)
    .map(([name, { backend }]) => ({ name, backend: backendSpecOf(backend), executionProviders, threads }))
}

/** Models of other pools that rungs of this one have their media read or their answers looked at by. */
function verifiersOf(config: Config, pool: string): readonly EngineModel[] {
  const rungs = Object.values(config.ladders).flatMap(ladder => [...ladder.rungs, ...ladder.fallbacks])
  const named = rungs.flatMap(rung =>
    typeof rung !== 'string' && config.models[rung.model]?.pool === pool
      ? [
          ...(rung.verifier?.kind === 'model' ? [rung.verifier.model] : []),
          ...Object.values(rung.readers ?? {}).filter(name => name !== undefined),
        ]
      : [],
  )
  const elsewhere = [...new Set(named)].filter(name => config.models[name]?.pool !== pool)
  const pools = [...new Set(elsewhere.map(name => config.models[name]?.pool ?? ''))]
  return pools.flatMap(one => modelsOf(config, one)).filter(({ name }) => elsewhere.includes(name))
}

/** What traces say of the models of a pool. */
function tracedModelsOf(config: Config, pool: string): ReadonlyMap<string, TracedModel> {
  return new Map(modelsOf(config, pool).map(({ name, backend }) => [name, tracedModelOf(backend)]))
}
