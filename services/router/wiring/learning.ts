import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import type { Config } from '#services/config/schema'
import type { Clock } from '#services/contract/clock'
import type { Rung } from '#services/contract/model'
import type { OutcomeStore } from '#services/state/outcomes/outcome-store'
import { createChoose } from '#services/router/choose/choose'
import type { EvaluateRungs } from '#services/router/choose/evaluate-rungs'
import type { Fleet } from '#services/router/pools/fleet'
import type { Reserve } from '#services/router/reserve/reserve'
import { createCascades, type CascadesDependencies } from '#services/router/cascade/cascades'
import type { Cascade } from '#services/router/cascade/cascade'
import { createRequestHandler, type RequestHandler, type Stages } from '#services/router/pipeline/handle-request'
import type { InFlight } from '#services/router/lifecycle/in-flight'
import type { LadderRegistry } from '#services/router/ladders/ladder-registry'
import { createCalibrationDrift, type CalibrationDrift } from '#services/router/learn/drift/calibration-drift'
import { registerDrift } from '#services/router/learn/drift/drift-metrics'
import { createFeatureDrift, type FeatureDrift } from '#services/router/learn/drift/feature-drift'
import { createLearningMetrics, type LearningMetrics } from '#services/router/learn/learning-metrics'
import { createProbeForecasts } from '#services/router/learn/probe-forecasts'
import { createShadowPolicies } from '#services/router/learn/shadow-policies'
import type { PolicyRegistry } from '#services/router/policies/policy-registry'
import { createShadowCalls } from '#services/router/learn/shadow-calls'
import { createTakeFeedback, type TakeFeedback } from '#services/router/learn/take-feedback'
import type { Probes } from '#services/router/pools/probes'
import type { Stores } from './stores.ts'
import type { Reserved, Finished } from '#services/router/request/states'

/** What learning needs of the router. */
export interface LearningDependencies {
  readonly stores: Stores
  readonly ladders: LadderRegistry
  readonly fleet: Fleet
  readonly inFlight: InFlight
  readonly clock: Clock
  readonly logger: Logger
  readonly registry: Registry
  readonly policyRegistry: PolicyRegistry
  /** The way of a caller's request, which shadow calls take too, but for what is counted and who pays. */
  readonly stages: Omit<Stages<Cascade>, 'learn'>
  readonly evaluateRungs: EvaluateRungs
  readonly probes: Probes
  /** Holds what such a call may cost, of the deployment's money. */
  readonly reserveShadow: Reserve['hold']
  readonly cascade: CascadesDependencies
  readonly background: (inProgress: Promise<unknown>) => void
}

/** What a router does to stay true. */
export interface Learning {
  readonly takeFeedback: TakeFeedback
  /** How far inputs and outcomes have moved from what policies were fitted on. */
  readonly drift: { readonly features: FeatureDrift; readonly calibration: CalibrationDrift }
  /** Examines a cascade of this router that has ended. Returns at once and throws nothing. */
  readonly learn: (reserved: Reserved, finished: Finished) => void
  /** Writes what was gathered since the last turn. */
  readonly flush: () => Promise<void>
  readonly close: () => Promise<void>
}

/** Builds what learns from outcomes. */
export function composeLearning(config: Config, dependencies: LearningDependencies): Learning {
  const { stores, ladders, fleet, inFlight, clock, logger, registry, policyRegistry, probes } = dependencies
  const { learning, limits } = config
  const { keepContent } = learning
  const metrics = createLearningMetrics(registry)
  const features = createFeatureDrift({ window: 2000, least: 200 })
  const calibration = createCalibrationDrift({ window: 1000 })
  registerDrift(registry, features, calibration)
  // Half of the room is kept for callers, however many come at once.
  const busy = (): boolean => inFlight.room < limits.inFlight / 2
  const shadowPolicies = createShadowPolicies({
    rolesOf: policyRegistry.roles,
    store: stores.policies,
    counted: metrics.compared,
    logger,
  })
  const outcomes = counting(stores.outcomes, metrics)
  const ask = shadowHandler(dependencies).infer
  const busyFor = ({ model }: Rung): 'dropped_router_busy' | 'dropped_pool_busy' | undefined => {
    if (busy()) return 'dropped_router_busy'
    return fleet.pool(model.pool).waiting > 0 ? 'dropped_pool_busy' : undefined
  }
  const probing = createProbeForecasts({ probes, ask, busy: busyFor, spent: metrics.shadowSpent, clock, logger })
  const shadow = createShadowCalls(
    { share: learning.shadowShare, rungs: learning.shadowRungs, atOnce: learning.shadowAtOnce, keepContent },
    {
      ask,
      outcomes,
      clock,
      logger,
      draw: Math.random,
      busy: busyFor,
      counted: metrics.shadowCall,
      spent: metrics.shadowSpent,
      compared: ({ requestId, plan }, rung, confidence, score) =>
        calibration.observe(plan.ladder, 'shadow', `${requestId} ${rung}`, { confidence, score }),
    },
  )
  return {
    drift: { features, calibration },
    takeFeedback: createTakeFeedback({
      cascadeLog: stores.cascadeLog,
      outcomes,
      clock,
      keepContent,
      rungsOf(name) {
        const guided = ladders.named(name)
        if (guided?.policy === undefined) return undefined
        return guided.ladder.rungs.filter(rung => rung.fallback !== true).map(rung => rung.name)
      },
      scored: ({ requestId, plan }, confidence, score) =>
        calibration.observe(plan.ladder, 'feedback', requestId, { confidence, score }),
    }),
    learn(reserved, finished) {
      shadow.onFinished(reserved, finished)
      probing.onFinished(reserved, finished)
      if (busy()) return
      // In the next turn of the loop the answer is on its way.
      setImmediate(() => {
        noteFeatures(reserved, features, policyRegistry)
        shadowPolicies
          .onFinished(reserved, finished)
          .catch((error: unknown) => logger.debug({ err: error }, 'a policy in shadow came to nothing'))
      })
    },
    flush: shadowPolicies.flush,
    async close() {
      await Promise.all([shadow.close(), probing.close()])
      await shadowPolicies.flush()
    },
  }
}

function noteFeatures({ guided, estimate }: Reserved, drift: FeatureDrift, policyRegistry: PolicyRegistry): void {
  const { active } = policyRegistry.roles(guided.ladder.name)
  if (active?.reference === undefined || !guided.policy?.version.startsWith(active.policy.version)) return
  drift.observe(guided.ladder.name, active.policy.version, active.reference, estimate.features)
}

/** Cascades that are not counted as requests nor as demand for pools. */
function shadowHandler({
  stages,
  clock,
  evaluateRungs,
  reserveShadow,
  cascade,
  background,
}: LearningDependencies): RequestHandler {
  const cascades = createCascades({ ...cascade, observe: uncounted, called: uncounted, refused: uncounted })
  return createRequestHandler(
    {
      ...stages,
      choose: createChoose({ evaluateRungs, clock, refused: uncounted, isPaid: () => true }),
      reserve: reserveShadow,
      deferReserve: () => undefined,
      start: cascades.start,
      run: cascades.run,
      remember: () => Promise.resolve(),
      learn: uncounted,
    },
    background,
  )
}

function counting(outcomes: OutcomeStore, { recorded }: LearningMetrics): Pick<OutcomeStore, 'append'> {
  return {
    async append(tenant, record) {
      await outcomes.append(tenant, record)
      recorded(record.ladder, record.source)
    },
  }
}

function uncounted(): void {}
