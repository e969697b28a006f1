import type { Wait } from './expect-wait.ts'
import type { Service } from './fleet.ts'

/** From which wait on a pool gets dearer, and how fast: both in service times. */
export interface Bend {
  readonly fromWaits: number
  readonly overWaits: number
}

/**
 * What a call to a pool must gain in quality while the pool is short, in [0,1]: nothing up to a wait of `fromWaits` service times, then
 * evenly more, and after `overWaits` more than any answer can gain. A price, not a gate: the calls that gain most are made longest. Pure.
 */
export function overloadPrice(wait: Wait, service: Pick<Service, 'meanMs'>, { fromWaits, overWaits }: Bend): number {
  if (service.meanMs <= 0) return 0
  return Math.min(1, Math.max(0, wait.meanMs / service.meanMs - fromWaits) / overWaits)
}
