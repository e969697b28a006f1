import type { Logger } from 'pino'
import type { Config } from '../shared/config/schema.ts'
import type { Clock } from '../shared/contract/clock.ts'
import type { OutcomeStore } from '../shared/outcomes/outcome-store.ts'
import { createChoose } from './choose/choose.ts'
import type { Consider } from './choose/consider.ts'
import type { Fleet } from './choose/fleet.ts'
import type { Claim } from './claim/claim.ts'
import { createClimber, type ClimbDependencies } from './climb/climb.ts'
import type { Course } from './climb/course.ts'
import { createRequestHandler, type RequestHandler, type Stages } from './handle-request.ts'
import type { InFlight } from './in-flight.ts'
import type { LadderBook } from './ladder-book.ts'
import type { LearningMetrics } from './learn/learning-metrics.ts'
import { createShadowCalls } from './learn/shadow-calls.ts'
import { createTakeFeedback, type TakeFeedback } from './learn/take-feedback.ts'
import type { Stores } from './compose-stores.ts'
import type { Claimed, Climbed } from './states.ts'

/** What learning needs of the router. */
export interface LearningDependencies {
  readonly stores: Stores
  readonly ladders: LadderBook
  readonly fleet: Fleet
  readonly inFlight: InFlight
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: LearningMetrics
  /** The way of a caller's request, which shadow calls take too, but for what is counted and who pays. */
  readonly stages: Omit<Stages<Course>, 'learn'>
  readonly consider: Consider
  /** Holds what such a call may cost, of the deployment's money. */
  readonly claimShadow: Claim
  readonly climb: ClimbDependencies
  readonly background: (climbing: Promise<unknown>) => void
}

/** What a router does to stay true. */
export interface Learning {
  readonly takeFeedback: TakeFeedback
  /** Looks at a climb of this router that has ended. Returns at once and throws nothing. */
  readonly learn: (claimed: Claimed, climbed: Climbed) => void
  readonly close: () => Promise<void>
}

/** Builds what learns from outcomes. */
export function composeLearning(config: Config, dependencies: LearningDependencies): Learning {
  const { stores, ladders, fleet, inFlight, clock, logger, metrics } = dependencies
  const { learning, limits } = config
  const { keepContent } = learning
  const outcomes = counting(stores.outcomes, metrics)
  const shadow = createShadowCalls(
    { share: learning.shadowShare, rungs: learning.shadowRungs, atOnce: learning.shadowAtOnce, keepContent },
    {
      ask: shadowHandler(dependencies).infer,
      outcomes,
      clock,
      logger,
      draw: Math.random,
      busy({ model }) {
        // Half of the room is kept for callers, however many come at once.
        if (inFlight.room < limits.inFlight / 2) return 'dropped_router_busy'
        return fleet.pool(model.pool).waiting > 0 ? 'dropped_pool_busy' : undefined
      },
      counted: metrics.shadowCall,
      spent: metrics.shadowSpent,
      compared: () => {},
    },
  )
  return {
    takeFeedback: createTakeFeedback({
      climbLog: stores.climbLog,
      outcomes,
      clock,
      keepContent,
      rungsOf(name) {
        const guided = ladders.named(name)
        return guided?.policy === undefined ? undefined : guided.ladder.rungs.map(rung => rung.name)
      },
      scored: () => {},
    }),
    learn: shadow.consider,
    close: shadow.close,
  }
}

/** Climbs that count as nobody's requests, and add nothing to what pools are wanted for. */
function shadowHandler({
  stages,
  clock,
  consider,
  claimShadow,
  climb,
  background,
}: LearningDependencies): RequestHandler {
  const climber = createClimber({ ...climb, observe: uncounted, refused: uncounted })
  return createRequestHandler(
    {
      ...stages,
      choose: createChoose({ consider, clock, refused: uncounted, isPaid: () => true }),
      claim: claimShadow,
      start: climber.start,
      walk: climber.walk,
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
