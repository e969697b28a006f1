import type { LegId } from '#services/contract/ids'

/** The place of a batch at work. */
export interface Place {
  /** Nothing of the batch is computed now: another may have the place meanwhile. */
  lend(): void
  /** Something of it is computed again. */
  reclaim(): void
  /** The batch is done. */
  leave(): void
}

/** Places for batches at work. */
export interface Places {
  /** Resolves when a place is free. */
  free(): Promise<void>
  occupy(): Place
}

/** Batches that wait are in memory: when so many have lent their places, no more are taken for them. */
const mostLent = 256

/** Makes places for `count` batches at work. */
export function createPlaces(count: number): Places {
  let occupied = 0
  let lent = 0
  let wake: () => void = ignore
  const isFree = (): boolean => occupied - Math.min(lent, mostLent) < count
  const changed = (): void => {
    if (isFree()) wake()
  }
  return {
    async free() {
      while (!isFree()) await new Promise<void>(resolve => (wake = resolve))
    },
    occupy() {
      let state: 'working' | 'lent' | 'left' = 'working'
      occupied += 1
      const become = (next: typeof state): void => {
        if (state === next || state === 'left') return
        if (state === 'lent') lent -= 1
        if (next === 'lent') lent += 1
        if (next === 'left') occupied -= 1
        state = next
        changed()
      }
      return { lend: () => become('lent'), reclaim: () => become('working'), leave: () => become('left') }
    },
  }
}

/**
 * Lends a place while all legs of its batch wait at once. Each call says that a leg waits, and gives what ends its
 * wait.
 */
export function lendWhenAllWait(legs: number, place: Pick<Place, 'lend' | 'reclaim'>): (legId: LegId) => () => void {
  const waits = new Map<LegId, number>()
  const count = (legId: LegId, more: number): void => {
    const now = (waits.get(legId) ?? 0) + more
    if (now === 0) waits.delete(legId)
    else waits.set(legId, now)
    if (waits.size === legs) place.lend()
    else place.reclaim()
  }
  return legId => {
    count(legId, 1)
    return () => count(legId, -1)
  }
}

function ignore(): void {}
