import type { Wait } from '#services/router/pools/queue-wait'
import type { ServiceForecast } from '#services/state/service-times/predict-service'

/**
 * Between which queue waits the price of a pool rises from nothing to more than any answer can gain, in mean
 * service times.
 */
export interface EscalationBackpressure {
  readonly startAtQueueRatio: number
  readonly fullAtQueueRatio: number
}

/**
 * What a call to a pool must gain in quality while the pool is short, in [0,1]: nothing up to a wait of
 * `startAtQueueRatio` service times, then evenly more, and 1 from `fullAtQueueRatio` on. A price, not a gate: the
 * calls that gain most are made longest. Pure.
 */
export function overloadPrice(
  wait: Wait,
  service: Pick<ServiceForecast, 'meanMs'>,
  { startAtQueueRatio, fullAtQueueRatio }: EscalationBackpressure,
): number {
  if (service.meanMs <= 0) return 0
  const queueRatio = wait.meanMs / service.meanMs
  return Math.min(1, Math.max(0, queueRatio - startAtQueueRatio) / (fullAtQueueRatio - startAtQueueRatio))
}
