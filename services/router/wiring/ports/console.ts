import type { LoadedConfig } from '#services/config/load-config'
import type { RungReport } from '#services/contract/answer'
import type { Clock } from '#services/contract/clock'
import type { Cascade } from '#services/router/cascade/cascade'
import type { CascadesDependencies } from '#services/router/cascade/cascades'
import type { HttpServices } from './http-server.ts'
import type { PolicyRegistry } from '#services/router/policies/policy-registry'
import type { Authentication } from '../authentication.ts'
import type { Money } from '../budgets.ts'
import type { Learning } from '../learning.ts'
import { createReplayRecords } from '#services/router/learn/replay-records'
import type { LadderRegistry } from '#services/router/ladders/ladder-registry'
import type { InFlight } from '#services/router/lifecycle/in-flight'
import type { FleetWatch } from '#services/router/pools/fleet-watch'
import type { Stages } from '#services/router/pipeline/handle-request'
import type { Finished } from '#services/router/request/states'
import { softwareVersion } from '#services/platform/process/software-version'
import { createRequestWatch } from '#services/router/watch/request-watch'
import { createSpendWindow } from '#services/router/watch/spend-window'
import type { Stores } from '../stores.ts'
import { watchStages } from '#services/router/watch/watch-stages'

type Ended = (finished: Finished) => void

/** How a router observes its own requests, for the console. */
export interface Watching {
  /** Events of legs, beside the metrics. */
  readonly legs: Pick<CascadesDependencies, 'observe' | 'called'>
  readonly stages: (stages: Stages<Cascade>) => Stages<Cascade>
  /** What hears of every cascade that ended, after the others that do. */
  readonly endedAfter: (...others: readonly Ended[]) => Ended
  /** What the console answers from; absent where it is off; then nothing is observed. */
  readonly console?: (rest: ConsoleParts) => NonNullable<HttpServices['console']>
}

/** What the rest of the router has for the console. */
export interface ConsoleParts {
  readonly stores: Stores
  readonly ladders: LadderRegistry
  readonly fleet: FleetWatch
  readonly inFlight: InFlight
  readonly policyRegistry: PolicyRegistry
  readonly authentication: Authentication
  readonly money: Money
  readonly learning: Learning
  readonly closing: AbortSignal
}

/** What looking needs. */
export interface WatchingDependencies {
  readonly name: string
  readonly clock: Clock
  readonly judged: (report: RungReport) => void
}

/** Builds it. */
export function composeWatching(
  { config, places }: LoadedConfig,
  { name, clock, judged }: WatchingDependencies,
): Watching {
  const { enabled, requests, keepMinutes, content } = config.console
  if (!enabled || config.listen.http === 'off') {
    return { legs: { observe: judged }, stages: stages => stages, endedAfter: inTurn }
  }
  const spend = createSpendWindow(clock)
  const watch = createRequestWatch({ requests, keepMs: keepMinutes * 60_000 }, { clock, spend })
  const pools = Object.entries(config.pools).map(([pool, { tier }]) => ({ name: pool, tier }))
  const router = { name, version: softwareVersion(places.root) }
  return {
    legs: {
      observe(report, requestId) {
        judged(report)
        watch.judged(requestId, report)
      },
      called: watch.called,
    },
    stages: stages => watchStages(stages, watch),
    endedAfter: (...others) => inTurn(...others, watch.ended),
    console: ({ stores, ladders, fleet, inFlight, policyRegistry, authentication, money, learning, closing }) => ({
      closing,
      policyRegistry,
      keys: authentication.keys,
      readBudget: money.readBudget,
      drift: learning.drift,
      replay: createReplayRecords({ outcomes: stores.outcomes, policyRegistry }),
      watch,
      spend,
      pools,
      router,
      content,
      cascadeLog: stores.cascadeLog,
      ladders: ladders.offers,
      fleet: () => fleet.current,
      inFlight: () => inFlight.count,
      clock,
      ledger: stores.ledger,
      tenants: Object.keys(config.budgets.tenants),
    }),
  }
}

function inTurn(...all: readonly Ended[]): Ended {
  return finished => {
    for (const one of all) one(finished)
  }
}
