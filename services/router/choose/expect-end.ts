import { isThin, leastServiceMs, type ServiceForecast } from '#services/state/service-times/predict-service'
import type { EscalationBackpressure } from './overload-price.ts'
import type { Wait } from '#services/router/pools/queue-wait'

/** What is asked of a leg while its pool is busy. */
export interface BusyRules {
  readonly escalationBackpressure: EscalationBackpressure
  /** Share of admitted legs in [0,1] that are to end in time. */
  readonly onTimeRatio: number
}

/** Of an idle pool nothing is taken away by trying, so even odds are enough. */
export const evenRatio = 0.5
/** What is called sure. */
export const sureRatio = 0.9
/** A pool whose wait is this share of a service time is busy in full. */
const busyWaits = 0.5

/**
 * The time in ms that a leg needs from now to its end, so that it keeps it with the chance asked for: `idleRatio`
 * while the pool is idle. The busier the pool, the surer it must be: a leg that misses takes the place of one that
 * would not have. Wait and service vary apart from each other, so their margins add up as squares. Pure.
 */
export function expectEnd(
  wait: Wait,
  service: Pick<ServiceForecast, 'meanMs' | 'quantileMs'>,
  { onTimeRatio, idleRatio }: { readonly onTimeRatio: number; readonly idleRatio: number },
): number {
  const busyRatio = service.meanMs > 0 ? Math.min(1, wait.meanMs / (busyWaits * service.meanMs)) : 0
  const ratio = idleRatio + Math.max(0, onTimeRatio - idleRatio) * busyRatio
  const serviceMarginMs = service.quantileMs(ratio) - service.meanMs
  const waitMarginMs = normalQuantile(ratio) * wait.deviationMs
  const marginMs =
    serviceMarginMs < 0 ? serviceMarginMs : Math.sqrt(serviceMarginMs * serviceMarginMs + waitMarginMs * waitMarginMs)
  return wait.meanMs + service.meanMs + marginMs
}

/**
 * The time in ms that a leg must have left to be let run: what it is expected to need, and less where its forecast
 * is thin, since what is never run is never measured. Pure.
 */
export function leastNeeded(wait: Wait, service: ServiceForecast, neededMs: number): number {
  return isThin(service) ? Math.min(neededMs, wait.meanMs + leastServiceMs(service, evenRatio)) : neededMs
}

/**
 * Standard deviations that a share of a normal distribution does not pass, by its likeness to the logistic one; a
 * little on the safe side at the far end.
 * @source Bowling and others, A logistic approximation to the cumulative normal distribution (2009)
 */
function normalQuantile(ratio: number): number {
  const bounded = Math.min(0.999, Math.max(0.001, ratio))
  return Math.log(bounded / (1 - bounded)) / 1.702
}
