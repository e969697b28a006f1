import type { StoreHealth } from '#services/platform/redis/store-health'
import type { NotReady } from './ops-server.ts'

/** What `/readyz` says of the store and of the machine's clock. */
export function storeFaults({ fault, isClockOff }: Pick<StoreHealth, 'fault' | 'isClockOff'>): readonly NotReady[] {
  return [
    ...(fault === undefined ? [] : [{ check: 'redis', name: fault }]),
    ...(isClockOff ? [{ check: 'clock' }] : []),
  ]
}
