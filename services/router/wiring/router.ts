import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import type { LoadedConfig } from '#services/config/load-config'
import { createStoreClock } from '#services/platform/redis/store-clock'
import { createRequestLogger } from '#services/platform/telemetry/create-logger'
import { createMetricsRegistry } from '#services/platform/telemetry/create-metrics-registry'
import { preparePictures } from '#services/media/open-picture'
import { openTelemetry } from '#services/platform/telemetry/open-tracer'
import { createStoreMetrics } from '#services/platform/telemetry/store-metrics'
import { sleep } from '#services/platform/process/every'
import type { OpenOps } from '#services/platform/telemetry/ops-server'
import { composeAssessing } from './assessing.ts'
import { createOriginals } from '#services/router/reserve/originals'
import { createCascades, type CascadesDependencies } from '#services/router/cascade/cascades'
import type { Cascade } from '#services/router/cascade/cascade'
import { createPictures } from '#services/router/deliver/pictures'
import { createAwaitEnd } from '#services/router/recovery/await-end'
import { createFollower } from '#services/router/recovery/follow'
import { createLeases } from '#services/router/cascade/leases'
import { createPendingLegs } from '#services/router/cascade/leg/pending-legs'
import { createAfterwards } from '#services/router/lifecycle/deferred-work'
import { composeAuthentication } from './authentication.ts'
import { composeBatches } from './batches.ts'
import { composeCalls } from './calls.ts'
import { composeExpress } from './express/compose-express.ts'
import { composeChoose, composeFleet, observed } from './pools.ts'
import { composeWatching } from './ports/console.ts'
import { composeGuardrails } from './guarding/compose-guardrails.ts'
import { composeLearning } from './learning.ts'
import { composeMoney } from './budgets.ts'
import { admitOptionsOf, composeAdmit, tracedRouterOf } from './options.ts'
import { composePolicies } from './policies.ts'
import { openPorts, type Router } from './ports/ports.ts'
import { forgettingWrong } from '#services/router/cache/forgetting-wrong'
import { composeRetrieval } from './retrieval/compose-retrieval.ts'
import { createStores } from './stores.ts'
import { createRequestHandler, type Stages } from '#services/router/pipeline/handle-request'
import { createInFlight } from '#services/router/lifecycle/in-flight'
import { createJobs } from '#services/router/edge/call/jobs'
import { createReevaluate } from '#services/router/ladders/re-evaluate'
import { startLoops } from '#services/router/lifecycle/background-loops'
import { createRouterMetrics } from '#services/router/telemetry/request-metrics'
import { readinessOf } from '#services/router/readiness-of'
import { createReplay } from '#services/router/recovery/requeue'
import { createAdminService } from '#services/router/edge/grpc/admin-service'
import { createImpliedTask } from '#services/router/edge/grpc/implied-task'
import { createRequestLog } from '#services/router/telemetry/request-log'
import { createTakeOver } from '#services/router/recovery/take-over'
import { createTraceRun, traceStages } from './trace-stages.ts'
import { composeCounting } from './tokens/compose-counting.ts'
import { composeTurns, gaugesOf } from './turns.ts'
import { followEveryMs, leaseMs, payloadGraceMs } from '#services/router/lifecycle/timings'

/** Builds a router out of the configuration and starts it. @throws GatewayError Config, Overloaded */
export async function composeRouter(loaded: LoadedConfig, logger: Logger, openOps: OpenOps): Promise<Router> {
  const { config, places } = loaded
  const clock = createStoreClock()
  const name = `router-${randomBytes(6).toString('hex')}`
  const owner = (): { name: string; leaseUntil: number } => ({ name, leaseUntil: clock.now() + leaseMs })
  const telemetry = await openTelemetry(config.traces, tracedRouterOf(loaded, name))
  const { tracer } = telemetry
  const traceRun = createTraceRun(telemetry, clock)
  const requestEnded = createRequestLog(config.log.requests, () => createRequestLogger('router'))
  const metricsRegistry = createMetricsRegistry()
  const base = { clock, logger, registry: metricsRegistry }
  const storeMetrics = createStoreMetrics(metricsRegistry, 'router')
  const stores = await createStores(loaded, name, { clock, logger, metrics: storeMetrics })
  const { cascadeLog, replySender, payloads, registry, generation } = stores
  const policyParts = { store: stores.policies, packs: places, ...base }
  const { ladders, policyRegistry, guideOf, policies } = await composePolicies(config, policyParts)
  const pools = await composeFleet(config, stores, { clock, metrics: metricsRegistry })
  const { fleet, evaluateRungs } = pools
  const pendingLegs = createPendingLegs(cascadeLog, logger)
  const turns = composeTurns(clock)
  const express = await composeExpress(loaded, { stores, pools, turns, telemetry, name, ...base })
  stores.replyStream.listen(express.sorting(pendingLegs))
  const readFleet = pools.createReadFleet(pendingLegs, cascadeLog)
  const leases = createLeases(cascadeLog, owner, logger)
  const follower = createFollower(cascadeLog, { intervalMs: followEveryMs }, logger)
  const awaitEnd = createAwaitEnd(follower, clock)
  const inFlight = createInFlight(config.limits.inFlight, config.limits.inFlightShare)
  const afterwards = createAfterwards(logger)
  const metrics = createRouterMetrics(metricsRegistry, gaugesOf(inFlight, turns, pendingLegs, fleet), ladders.offers)
  const watching = composeWatching(loaded, { name, clock, judged: metrics.judged })
  const money = composeMoney(config, stores, base)
  const guarding = composeGuardrails(config, { ladders, registry: metricsRegistry })
  const cascadesDependencies: CascadesDependencies = {
    cascadeLog,
    payloads,
    ...pools.legs,
    ...observed(pools.legs, turns.endAfter),
    replySender,
    pendingLegs,
    clock,
    leases,
    opened: leases.begin,
    shadowed: money.shadowed,
    owner,
    logger,
    tracer,
    payloadGraceMs,
    replyTo: name,
    ladderOf: guideOf,
    changed: follower.nudge,
    ...watching.legs,
    ...guarding.legs,
    refused: pools.choosing.refused,
    afterwards: afterwards.begin,
    reevaluate: createReevaluate(evaluateRungs, clock, money.isPaid),
  }
  const cascades = createCascades({ ...cascadesDependencies, ...express.legs })
  const originals = createOriginals({ cascadeLog, clock, sleep })
  const background = inFlight.background(logger)
  const ended = watching.endedAfter(metrics.ended, requestEnded)
  const admitOptions = admitOptionsOf(loaded)
  const { labelSets } = admitOptions.request
  const retrieval = composeRetrieval(config, { stores, ladders, guarding, background, handler: () => handler, ...base })
  const stages: Omit<Stages<Cascade>, 'learn'> = {
    admit: composeAdmit(loaded, admitOptions, clock),
    ...guarding.stages,
    ...retrieval.stages,
    ...turns.stages,
    findOriginal: originals.find,
    releaseKey: originals.release,
    ...composeAssessing({ ladders, headerOnly: metrics.headerOnly, sessions: stores.sessions, logger }),
    choose: composeChoose(pools, money, metrics, clock),
    ...pools.coming,
    reserve: money.reserve.hold,
    deferReserve: money.reserve.defer,
    start: cascades.start,
    async run(cascade, signal, emit) {
      const finished = await traceRun({ cascade, emit }, (traced, hear) => cascades.run(traced, signal, hear))
      if (finished !== 'not-held') ended(finished)
      return finished
    },
    follow: (requestId, { deadlineAt }, signal) => awaitEnd(requestId, deadlineAt, signal),
    settle: money.settler.settle,
  }
  const learning = composeLearning(config, {
    stores,
    ladders,
    inFlight,
    ...base,
    stages,
    evaluateRungs,
    probes: pools.probes,
    background,
    reserveShadow: money.reserveShadow,
    cascade: { ...cascadesDependencies, ...pools.ownLegs },
    fleet: fleet.current,
    policyRegistry,
  })
  const traced = watching.stages(traceStages({ ...stages, learn: learning.learn }, tracer))
  const handler = createRequestHandler(traced, background, afterwards.begin)
  const closing = new AbortController()
  const jobParts = { cascadeLog, list: stores.jobList, follower, cancelCascade: cascades.cancel, logger }
  const jobs = createJobs(jobParts, closing.signal)
  const batches = composeBatches(loaded, { stores, handler, inFlight, cascades, originals, owner, ...base })
  const loops = startLoops(
    {
      renew: () => Promise.all([leases.renew(), express.renew(owner().leaseUntil), stores.escrow?.renew()]),
      fleet: () => Promise.all([readFleet(), express.beat()]),
      queues: fleet.readQueues,
      reconcile: pendingLegs.reconcile,
      reap: money.settler.reap,
      remember: () => generation.keep(clock.now()),
      policies: policyRegistry.refresh,
      learning: learning.flush,
      batches: batches.turn,
      takeOver: createTakeOver({
        cascadeLog,
        cascades,
        clock,
        owner,
        settler: money.settler,
        room: () => (closing.signal.aborted ? 0 : inFlight.room),
        background,
        resumed: metrics.resumed,
        ended,
      }),
    },
    { metrics, logger },
  )

  const authentication = await composeAuthentication(config, stores.keys, clock, logger)
  const calls = composeCalls(places.root, { authentication, inFlight, money, metrics, tracer, clock, logger })
  const counting = composeCounting(loaded, handler, base)
  const gateway = {
    ...calls.grpc,
    handler,
    countTokens: counting.countTokens,
    pictures: createPictures({ payloads, afterwards: afterwards.begin }),
    jobs,
    ladders,
    impliedTask: createImpliedTask({ ladders, labelSets }),
    fleet: () => fleet.current,
    takeFeedback: forgettingWrong(learning.takeFeedback, retrieval.forgetAnswer),
    readBudget: money.readBudget,
    dispatchOf: express.dispatchOf,
  }
  const admin = createAdminService({
    ...calls.grpc,
    cascadeLog,
    registry,
    replay: createReplay(handler, payloads),
    keys: authentication.keys,
    policies,
    restoreLedger: generation.restore,
    readFleet,
    clock,
  })
  const asked = { money, learning, closing: closing.signal }
  const ports = await openPorts(
    loaded,
    {
      grpc: { gateway, retrieval, labelSets, admin, interceptor: calls.interceptor },
      http: {
        serve: calls.http,
        console: watching.console?.({ stores, ladders, fleet, inFlight, policyRegistry, authentication, ...asked }),
        batches: stores,
        infer: { ...gateway, names: admitOptions.request, defaultDeadlineMs: admitOptions.defaultDeadlineMs },
      },
      registry: metricsRegistry,
      readiness: readinessOf(stores, fleet, closing.signal),
      openOps,
    },
    logger,
  )
  preparePictures().catch((error: unknown) => logger.warn({ err: error }, 'the image library cannot be loaded'))

  return {
    name,
    addresses: ports.addresses,
    drainMs: config.limits.drainMs,
    async drain() {
      closing.abort()
      await batches.close()
      await ports.drain(config.limits.drainMs, calls.stop)
      await learning.close()
      await leases.handOver().catch((error: unknown) => logger.warn({ err: error }, 'jobs could not be handed over'))
      await inFlight.empty(config.limits.drainMs)
      await express.ended()
      await afterwards.ended()
      follower.close()
      await loops.stop()
      await Promise.all([express.close(), counting.close()])
      await ports.close()
      await stores.close()
      await telemetry.close()
    },
  }
}
