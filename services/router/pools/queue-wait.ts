import type { PoolBacklog, RunningLeg, WaitingWork } from '#services/state/queue/pool-queue'

/** Whose turn it would be: the class (1 runs first) and the tenant. */
export interface Turn {
  readonly priority: number
  readonly tenant: string
}

/** A pool's queue, and what comes in. */
export interface BusyQueue extends PoolBacklog {
  /** Work that comes in, by class, in slots that it keeps busy. */
  readonly inflow?: ReadonlyMap<number, number>
}

/** A wait that is predicted: its mean, and how far off it may be. */
export interface Wait {
  readonly meanMs: number
  readonly deviationMs: number
}

/** What serves a pool's queue. */
export interface Servers {
  /** Batches that its workers have at work at once. */
  readonly concurrency: number
  /** Legs of a model that get on side by side in all of the pool. */
  readonly parallel: (model: string) => number
  /** Shares of tenants; 1 for those that have none. */
  readonly weights: Readonly<Record<string, number>>
}

/** The leg that would be put in the queue. */
export interface NextLeg {
  readonly model: string
  readonly turn: Turn
  readonly service: { readonly meanMs: number; readonly deviationMs: number }
}

/**
 * How long a leg put in the queue now would wait: for a slot of the pool, and for its model, which legs of the same
 * model keep busy; the longer of the two, since they pass together. Ahead of it are: all work of the classes before
 * its own; what its own tenant has waiting (as if it came last, though an earlier deadline goes first); of every
 * other tenant of its class as much as fair turns give it meanwhile; and what the legs at work have left. All of it
 * counts by its predicted service time, not by the leg, and is worked off less the slots that the classes before
 * its own will take: what comes in of those goes first too.
 * @source Cobham, Priority Assignment in Waiting Line Problems (1954), for the share that is left to a class. Pure.
 */
export function expectWait(queue: BusyQueue, servers: Servers, leg: NextLeg): Wait {
  const { concurrency, parallel } = servers
  if (concurrency <= 0) return none
  const mine = queue.legs.filter(one => one.model === leg.model)
  const minesWork = queue.work.filter(one => one.model === leg.model)
  const isIdle =
    mine.length * shareInReport(queue) < parallel(leg.model) && minesWork.every(one => one.priority > leg.turn.priority)
  const own = isIdle ? none : waitBehind({ atWork: mine, work: minesWork, concurrency: Infinity }, queue, servers, leg)
  if (queue.batches < concurrency) return own
  const shared = waitBehind({ atWork: queue.legs, work: queue.work, concurrency }, queue, servers, leg)
  return own.meanMs >= shared.meanMs ? own : shared
}

/** Where not all running legs are reported, the reported ones represent the rest. */
function shareInReport({ running, legs }: BusyQueue): number {
  return legs.length === 0 ? 1 : running / legs.length
}

interface Ahead {
  readonly atWork: readonly RunningLeg[]
  readonly work: readonly WaitingWork[]
  /** In how many places at most what is at work ends. */
  readonly concurrency: number
}

const none: Wait = { meanMs: 0, deviationMs: 0 }

/** Something is always left, or the wait would have no end. */
const leastLeft = 0.02

function waitBehind(
  { atWork, work, concurrency }: Ahead,
  queue: BusyQueue,
  { parallel, weights }: Servers,
  { turn, service }: NextLeg,
): Wait {
  const models = [...new Set([...atWork, ...work].map(one => one.model))]
  const servers = models.reduce((sum, model) => sum + parallel(model), 0)
  if (servers <= 0) return none
  const aheadMs = workAhead(work, weights, turn, service.meanMs)
  const { meanLeftMs, restMs, moving } = leftAtWork(atWork, parallel, shareInReport(queue))
  const before = [...(queue.inflow ?? [])].reduce(
    (sum, [priority, busy]) => sum + (priority < turn.priority ? busy : 0),
    0,
  )
  const left = Math.max(leastLeft, 1 - before / servers)
  const legsAhead = service.meanMs > 0 ? (aheadMs + restMs) / service.meanMs : 0
  const untilFirstMs = moving === 0 ? 0 : meanLeftMs / Math.min(concurrency, moving)
  return {
    meanMs: ((aheadMs + restMs) / servers + untilFirstMs) / left,
    deviationMs: (service.deviationMs * Math.sqrt(legsAhead + 1)) / (servers * left),
  }
}

/** A leg that has exceeded its prediction is expected to take this share of its time again. */
const overrunRatio = 0.15

/**
 * What the legs at work have left: on the mean those that get on, and in all those that were taken and wait for
 * their model.
 */
function leftAtWork(
  atWork: readonly RunningLeg[],
  parallel: Servers['parallel'],
  share: number,
): { readonly meanLeftMs: number; readonly restMs: number; readonly moving: number } {
  let leftMs = 0
  let restMs = 0
  let moving = 0
  for (const [model, legs] of byModel(atWork)) {
    const getOn = Math.max(1, Math.floor(parallel(model) / share))
    for (const [place, { serviceMs, elapsedMs }] of legs.toSorted((a, b) => b.elapsedMs - a.elapsedMs).entries()) {
      if (place >= getOn) {
        restMs += serviceMs * share
        continue
      }
      leftMs += Math.max(serviceMs - elapsedMs, elapsedMs * overrunRatio)
      moving += 1
    }
  }
  return { meanLeftMs: moving === 0 ? 0 : leftMs / moving, restMs, moving: moving * share }
}

function byModel(legs: readonly RunningLeg[]): ReadonlyMap<string, readonly RunningLeg[]> {
  const models = new Map<string, RunningLeg[]>()
  for (const leg of legs) {
    const own = models.get(leg.model)
    if (own === undefined) models.set(leg.model, [leg])
    else own.push(leg)
  }
  return models
}

function workAhead(work: readonly WaitingWork[], weights: Servers['weights'], turn: Turn, serviceMs: number): number {
  const byTenant = new Map<string, number>()
  for (const one of work) {
    if (one.priority === turn.priority) byTenant.set(one.tenant, (byTenant.get(one.tenant) ?? 0) + one.workMs)
  }
  const ownMs = byTenant.get(turn.tenant) ?? 0
  const weight = weights[turn.tenant] ?? 1
  const before = work.reduce((sum, one) => sum + (one.priority < turn.priority ? one.workMs : 0), 0)
  const others = [...byTenant]
    .filter(([tenant]) => tenant !== turn.tenant)
    .map(([tenant, ms]) => Math.min(ms, ((weights[tenant] ?? 1) / weight) * (ownMs + serviceMs)))
  return others.reduce((sum, ms) => sum + ms, ownMs + before)
}
