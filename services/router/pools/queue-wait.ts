import type { PoolBacklog } from '#services/state/queue/pool-queue'

/** Whose turn it would be: the class (1 runs first) and the tenant. */
export interface Turn {
  readonly priority: number
  readonly tenant: string
}

/** A pool's queue, and what comes in. */
export interface BusyQueue extends PoolBacklog {
  /** Work that comes in, by class, in lanes that it keeps busy. */
  readonly inflow?: ReadonlyMap<number, number>
}

/** A wait that is foreseen: its mean, and how far off it may be. */
export interface Wait {
  readonly meanMs: number
  readonly deviationMs: number
}

/** What serves a pool's queue. */
export interface Servers {
  /** Legs that run at once. */
  readonly capacity: number
  /** Shares of tenants; 1 for those that have none. */
  readonly weights: Readonly<Record<string, number>>
}

/**
 * How long a leg put in line now would wait. Ahead of it are: all work of the classes before its own; what its own tenant has waiting
 * (as if it came last, though an earlier deadline goes first); and of every other tenant of its class as much as fair turns give it
 * meanwhile. All of that is worked off by `capacity` legs at once, less the lanes that the classes before its own will take: what comes in
 * of those goes first too.
 * @source Cobham, Priority Assignment in Waiting Line Problems (1954), for the share that is left to a class. Pure.
 */
export function expectWait(
  { waiting, running, work, inflow = new Map() }: BusyQueue,
  { capacity, weights }: Servers,
  turn: Turn,
  service: { readonly meanMs: number; readonly deviationMs: number },
): Wait {
  if (capacity <= 0 || running + waiting < capacity) return { meanMs: 0, deviationMs: 0 }
  const aheadMs = workAhead(work, weights, turn, service.meanMs)
  // Of the legs that run now, the first to end is a mean time over all lanes away.
  const legsAhead = service.meanMs > 0 ? aheadMs / service.meanMs : 0
  const before = [...inflow].reduce((sum, [priority, lanes]) => sum + (priority < turn.priority ? lanes : 0), 0)
  const left = Math.max(leastLeft, 1 - before / capacity) * capacity
  return {
    meanMs: (aheadMs + service.meanMs) / left,
    deviationMs: (service.deviationMs * Math.sqrt(legsAhead + 1)) / left,
  }
}

/** Something is always left, or the wait would have no end. */
const leastLeft = 0.02

function workAhead(work: PoolBacklog['work'], weights: Servers['weights'], turn: Turn, serviceMs: number): number {
  const peers = work.filter(one => one.priority === turn.priority)
  const ownMs = peers.find(one => one.tenant === turn.tenant)?.workMs ?? 0
  const weight = weights[turn.tenant] ?? 1
  const before = work.filter(one => one.priority < turn.priority).map(one => one.workMs)
  const others = peers
    .filter(one => one.tenant !== turn.tenant)
    .map(one => Math.min(one.workMs, ((weights[one.tenant] ?? 1) / weight) * (ownMs + serviceMs)))
  return [...before, ...others].reduce((sum, ms) => sum + ms, ownMs)
}
