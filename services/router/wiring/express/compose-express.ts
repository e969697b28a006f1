import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import type { Backend } from '#services/backends/backend'
import { backendSpecOf, isServed } from '#services/backends/backend-spec-of'
import { createBackend } from '#services/backends/create-backend'
import { createLegMetrics } from '#services/backends/leg/leg-metrics'
import { createCallMetrics, tracedModelOf } from '#services/backends/leg/traced-model'
import { createSharedBreakers } from '#services/backends/remote/endpoints/shared-breakers'
import { createUpstreamMeter } from '#services/backends/remote/upstream-metrics'
import type { LoadedConfig } from '#services/config/load-config'
import type { Clock } from '#services/contract/clock'
import type { Rung } from '#services/contract/model'
import { softwareVersion } from '#services/platform/process/software-version'
import type { Telemetry } from '#services/platform/telemetry/open-tracer'
import type { RouterMessage, WorkerMessage } from '#services/state/replies/reply-stream'
import { envelopeVersion } from '#services/state/queue/job'
import type { DispatchPath, RunLegDependencies } from '#services/router/cascade/leg/leg-order'
import type { PendingLegs } from '#services/router/cascade/leg/pending-legs'
import { createExpress, type ExpressRoom } from '#services/router/express/express'
import { createTraceExpress } from '#services/router/express/trace-express'
import type { Chosen } from '#services/router/request/states'
import { beatTtlMs } from '#services/router/lifecycle/timings'
import type { FleetParts } from '../pools.ts'
import type { Stores } from '../stores.ts'
import type { Turns } from '../turns.ts'

/** The legs that a router runs itself. */
export interface ExpressParts {
  /** How cascades run them; nothing where no pool has a model that a router may call. */
  readonly legs: Pick<RunLegDependencies, 'express'>
  /** Makes the reader of this router's stream: words for a worker are for the legs that run here. */
  readonly sorting: (pendingLegs: PendingLegs) => (message: RouterMessage | WorkerMessage) => void
  /** Returns how a leg of a request would go to a rung now. */
  readonly dispatchOf: (rung: Rung, chosen: Chosen) => DispatchPath
  readonly renew: (leaseUntil: number) => Promise<void>
  /** Publishes to other routers how long legs took here. */
  readonly beat: () => Promise<void>
  /** Resolves when the legs at work have left their receipts. */
  readonly ended: () => Promise<void>
  readonly close: () => Promise<void>
}

/** What it is made from. */
export interface ExpressWiring {
  readonly stores: Pick<Stores, 'express' | 'registry'>
  readonly pools: Pick<FleetParts, 'fleet' | 'beginning'>
  readonly turns: Pick<Turns, 'endAfter'>
  readonly telemetry: Telemetry
  readonly name: string
  readonly clock: Clock
  readonly logger: Logger
  readonly registry: Registry
}

const withoutExpress: ExpressParts = {
  legs: {},
  sorting: pendingLegs => message => {
    if (!isForWorker(message)) pendingLegs.deliver(message)
  },
  dispatchOf: () => 'queue',
  renew: nothing,
  beat: nothing,
  ended: nothing,
  close: nothing,
}

/** Builds the backends of every model on a server whose pool lets routers call it. */
export async function composeExpress({ config, places }: LoadedConfig, wiring: ExpressWiring): Promise<ExpressParts> {
  const { stores, pools, turns, telemetry, name, clock, logger, registry } = wiring
  const models = Object.entries(config.models).flatMap(([model, { backend, pool }]) =>
    config.pools[pool]?.dispatch === 'auto' && isServed(backend) ? [{ model, pool, spec: backendSpecOf(backend) }] : [],
  )
  if (models.length === 0) return withoutExpress
  const meter = createUpstreamMeter(registry, logger)
  const breakers = createSharedBreakers()
  const backends = new Map<string, Backend>()
  for (const { model, spec } of models) {
    const dependencies = { packPath, executionProviders: [], threads: 1, logger, clock, meter, breakers, name: model }
    backends.set(model, await createBackend(spec, dependencies))
  }
  const names = [...new Set(models.map(({ pool }) => pool))]
  const served = names.map(pool => ({ pool, models: models.flatMap(one => (one.pool === pool ? one.model : [])) }))
  const legMetrics = createLegMetrics(registry, served, () => clock.now())
  const { fleet } = pools
  const room = createExpress({
    slots: stores.express,
    backends,
    concurrency: pool => fleet.current.pool(pool).concurrency,
    waiting: fleet.lastWaiting,
    clock,
    logger,
    metrics: legMetrics,
    trace: createTraceExpress(new Map(models.map(({ model, spec }) => [model, tracedModelOf(spec)])), {
      tracer: telemetry.tracer,
      metrics: createCallMetrics(telemetry.meter),
    }),
    name,
  })
  const startedAt = clock.now()
  const version = softwareVersion(places.root)
  const begin: ExpressRoom['begin'] = order =>
    pools.beginning(order.pool, order.job, () => turns.endAfter(order.pool, order.job, () => room.begin(order)))
  return {
    legs: { express: { ...room, begin } },
    sorting: pendingLegs => message => {
      if (isForWorker(message)) room.deliver(message)
      else pendingLegs.deliver(message)
    },
    dispatchOf: (rung, { mode, request: { task, options, idempotencyKey }, parts }) =>
      room.concurrencyFor(rung, { mode, idempotent: idempotencyKey !== undefined, task, options, parts }) === undefined
        ? 'queue'
        : 'express',
    renew: room.renew,
    async beat() {
      const none = { models: [], capacity: 0, concurrency: 0, parallel: {}, draining: false, envelopeVersion }
      const times = legMetrics.times()
      const { shut } = await stores.registry.beat(
        { ...none, workerId: name, pool: '', running: room.size, startedAt, version, times },
        beatTtlMs,
        breakers.shut(),
      )
      breakers.hear(shut)
    },
    ended: room.ended,
    async close() {
      await Promise.all([...backends.values()].map(backend => backend.close()))
      await stores.registry.leave(name).catch(nothing)
    },
  }
}

function isForWorker(message: RouterMessage | WorkerMessage): message is WorkerMessage {
  return message.kind === 'cancel' || message.kind === 'taken'
}

/** A model on a server has no pack. */
function packPath(pack: string): string {
  throw new Error(`a router opens no packs, so not ${pack}`)
}

function nothing(): Promise<void> {
  return Promise.resolve()
}
