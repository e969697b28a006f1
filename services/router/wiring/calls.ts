import type { Logger } from 'pino'
import type { ServerInterceptor } from '@grpc/grpc-js'
import type { Clock } from '#services/contract/clock'
import type { Tracer } from '#services/platform/telemetry/tracer'
import { demandScope } from '#services/router/edge/auth/authenticate'
import { createGatekeeper } from '#services/router/edge/grpc/gatekeeper'
import type { ServeDependencies } from '#services/router/edge/grpc/serve-call'
import type { HttpDependencies } from '#services/router/edge/http/serve-route'
import type { InFlight } from '#services/router/lifecycle/in-flight'
import type { RouterMetrics } from '#services/router/telemetry/request-metrics'
import { loadErrorMessages } from '#services/wire/load-proto'
import { createStatusWriter } from '#services/wire/status'
import type { Money } from './budgets.ts'
import type { Authentication } from './authentication.ts'

/** What every call goes through, by either port. */
export interface Calls {
  readonly grpc: ServeDependencies
  readonly interceptor: ServerInterceptor
  readonly http: HttpDependencies
  /** Ends the calls that are still under way. */
  readonly stop: () => void
}

/** What it is made from. */
export interface CallsDependencies {
  readonly authentication: Authentication
  readonly inFlight: InFlight
  readonly money: Pick<Money, 'readRates'>
  readonly metrics: RouterMetrics
  readonly tracer: Tracer
  readonly clock: Clock
  readonly logger: Logger
}

/** Builds it; `root` is the folder of the software. */
export function composeCalls(root: string, dependencies: CallsDependencies): Calls {
  const { authentication, inFlight, money, metrics, tracer, clock, logger } = dependencies
  const stopping = new AbortController()
  const calls = { demandScope, enter: inFlight.enter, tracer, clock, stopping: stopping.signal, logger }
  const edge = { statuses: createStatusWriter(loadErrorMessages(root)), answered: metrics.answered, logger }
  const { callerOf, interceptor } = createGatekeeper({ ...authentication, ...edge })
  return {
    grpc: { ...calls, ...edge, callerOf },
    interceptor,
    http: { ...authentication, ...calls, readRates: money.readRates, answered: metrics.answeredHttp },
    stop: () => stopping.abort(),
  }
}
