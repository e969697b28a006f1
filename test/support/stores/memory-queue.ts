import { GatewayError } from '#services/contract/errors'
import type { Job } from '#services/state/queue/job'
import { priorityRanks } from '#services/state/queue/job'
import type { JobConsumer, JobProducer, PoolBacklog, TakenBatch, TakenJob } from '#services/state/queue/pool-queue'

/** A pool's queue in memory. */
interface Pool {
  readonly waiting: Job[]
  readonly running: Set<Job>
  /** Work that each tenant has had, by its weight. */
  readonly had: Map<string, number>
}

/** Queues in memory that keep the promises of those in Redis; the contract suite holds them to it. */
export interface MemoryQueue extends JobProducer {
  consumer(pool: string): JobConsumer
  /** Counts a leg as at work that no consumer took. */
  occupy(pool: string, job: Job): void
  /** Ends that. */
  vacate(pool: string, legId: Job['legId']): void
}

/** Options of the queues. */
export interface MemoryQueueOptions {
  readonly maxWaiting?: number
  readonly onShed?: (job: Job) => void
}

/** Makes them. */
export function createMemoryQueue({ maxWaiting = Infinity, onShed }: MemoryQueueOptions = {}): MemoryQueue {
  const pools = new Map<string, Pool>()
  const poolOf = (name: string): Pool => {
    const pool = pools.get(name) ?? { waiting: [], running: new Set<Job>(), had: new Map<string, number>() }
    pools.set(name, pool)
    return pool
  }
  return {
    async add(name, job) {
      const { waiting, running, had } = poolOf(name)
      if ([...waiting, ...running].some(one => one.legId === job.legId)) return
      if (waiting.length >= maxWaiting) {
        const last = inOrder(waiting, had).findLast(one => one.priority === priorityRanks.sheddable)
        if (last === undefined || job.priority === priorityRanks.sheddable) {
          throw new GatewayError('Overloaded', `pool ${name} is full`, { reason: 'QUEUE_FULL', retryAfterMs: 1000 })
        }
        waiting.splice(waiting.indexOf(last), 1)
        onShed?.(last)
      }
      enter(waiting, had, job)
      waiting.push(job)
    },
    async remove(name, legId) {
      const { waiting } = poolOf(name)
      const at = waiting.findIndex(one => one.legId === legId)
      if (at >= 0) waiting.splice(at, 1)
      return at >= 0
    },
    waiting: async name => poolOf(name).waiting.length,
    backlog: async name => backlogOf(poolOf(name)),
    close: async () => {},
    consumer: name => consumerOf(poolOf(name)),
    occupy: (name, job) => poolOf(name).running.add(job),
    vacate(name, legId) {
      const { running } = poolOf(name)
      for (const job of running) if (job.legId === legId) running.delete(job)
    },
  }
}

/** A tenant that comes back goes on where the others are: a pause saves nothing up. */
function enter(waiting: readonly Job[], had: Map<string, number>, { tenant }: Job): void {
  if (waiting.some(one => one.tenant === tenant)) return
  const least = Math.min(...waiting.map(one => had.get(one.tenant) ?? 0))
  had.set(tenant, Math.max(had.get(tenant) ?? 0, Number.isFinite(least) ? least : 0))
}

/** By class, then by what the tenants have had, then by deadline. */
function inOrder(jobs: readonly Job[], had: ReadonlyMap<string, number>): readonly Job[] {
  const of = ({ tenant }: Job): number => had.get(tenant) ?? 0
  return jobs.toSorted(
    (a, b) =>
      a.priority - b.priority ||
      of(a) - of(b) ||
      (a.tenant === b.tenant ? a.deadlineAt - b.deadlineAt : a.tenant < b.tenant ? -1 : 1),
  )
}

function backlogOf({ waiting, running }: Pool): PoolBacklog {
  const work = new Map<string, PoolBacklog['work'][number]>()
  for (const { priority, tenant, model, serviceMs = 1 } of waiting) {
    const kind = `${priority} ${tenant} ${model}`
    work.set(kind, { priority, tenant, model, workMs: (work.get(kind)?.workMs ?? 0) + serviceMs })
  }
  return {
    waiting: waiting.length,
    running: running.size,
    batches: running.size,
    work: [...work.values()],
    legs: [...running].map(({ model, serviceMs = 1 }) => ({ model, serviceMs, elapsedMs: 0 })),
  }
}

function consumerOf(pool: Pool): JobConsumer {
  const { waiting, running, had } = pool
  const take = (model: string, limit: number): TakenJob[] => {
    const taken: TakenJob[] = []
    for (;;) {
      const [next] = inOrder(waiting, had).filter(one => one.model === model)
      if (next === undefined || taken.length >= limit) return taken
      waiting.splice(waiting.indexOf(next), 1)
      running.add(next)
      had.set(next.tenant, (had.get(next.tenant) ?? 0) + (next.serviceMs ?? 1) / (next.weight ?? 1))
      taken.push(takenOf(pool, next))
    }
  }
  const dropExpired = (models: ReadonlyMap<string, number>): TakenJob[] => {
    const late = waiting.filter(one => models.has(one.model) && (one.latestStartAt ?? one.deadlineAt) < Date.now())
    for (const one of late) waiting.splice(waiting.indexOf(one), 1)
    return late.map(job => ({ ...takenOf(pool, job), expired: true }))
  }
  return {
    async take(_waitMs, limits, isOpen = () => true): Promise<TakenBatch | undefined> {
      if (!isOpen()) return undefined
      const expired = dropExpired(limits)
      const first = inOrder(waiting, had).find(one => limits.has(one.model))
      const legs = first === undefined ? [] : take(first.model, limits.get(first.model) ?? 1)
      if (legs.length + expired.length === 0) return undefined
      return { legs: [...legs, ...expired], more: async limit => (first === undefined ? [] : take(first.model, limit)) }
    },
    interrupt() {},
    close: async () => {},
  }
}

function takenOf({ waiting, running, had }: Pool, job: Job): TakenJob {
  let over = false
  const letGo = (): boolean => {
    const first = !over
    over = true
    running.delete(job)
    return first
  }
  return {
    job,
    lost: new AbortController().signal,
    async done() {
      letGo()
    },
    async giveBack() {
      if (!letGo()) return
      had.set(job.tenant, (had.get(job.tenant) ?? 0) - (job.serviceMs ?? 1) / (job.weight ?? 1))
      waiting.push(job)
    },
  }
}
