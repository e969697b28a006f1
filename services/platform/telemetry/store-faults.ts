import type { StoreHealth } from '#services/platform/redis/store-health'
import type { NotReady } from './ops-server.ts'

/** The checks of `/readyz` on the store and the clock. */
export function storeFaults({ fault, isClockOff }: Pick<StoreHealth, 'fault' | 'isClockOff'>): readonly NotReady[] {
  return [
    ...(fault === undefined ? [] : [{ check: 'redis', name: fault }]),
    ...(isClockOff ? [{ check: 'clock' }] : []),
  ]
}
