import type { LegId } from '../contract/ids.ts'
import type { RedisConnection } from '../redis/connect.ts'
import { onRedis } from '../redis/run-command.ts'
import { loadScript, runScript, type Script } from '../redis/script.ts'
import { queuePrefix } from './bullmq-tickets.ts'
import { priorityRanks, type Job } from './job.ts'
import type { PoolBacklog } from './pool-queue.ts'

/** What came of putting a leg in line: `ticket` when one is to be handed out for it, `shed` the envelope of the leg that had to go. */
export type Put =
  | { readonly kind: 'put'; readonly ticket: boolean; readonly shed?: unknown }
  | { readonly kind: 'known' }
  | { readonly kind: 'full' }

/** Envelopes taken for a ticket, and those that were too late to be taken. */
export interface Taken {
  readonly legs: readonly unknown[]
  readonly expired: readonly unknown[]
}

/** The legs of one pool in the order in which they are to run; every change is one step in Lua. */
export interface Line {
  put(job: Job, mostWaiting: number): Promise<Put>
  /** The batch of a ticket that was just taken; `limits` has the models that may be taken and the most legs of each. */
  take(ticket: string, nowMs: number, limits: ReadonlyMap<string, number>): Promise<Taken>
  /** More legs of a model for a ticket that has some. */
  takeMore(ticket: string, nowMs: number, model: string, limit: number): Promise<Taken>
  withdraw(legId: LegId): Promise<boolean>
  /** True when a ticket is to be handed out for it. */
  giveBack(ticket: string, legId: LegId): Promise<boolean>
  done(ticket: string): Promise<void>
  backlog(): Promise<PoolBacklog>
  waiting(): Promise<number>
  /** Says how many tickets nobody has yet, where the count was lost. */
  count(tickets: number): Promise<void>
}

const script = (name: string): Script => loadScript(import.meta.url, 'lua/line.lua', `lua/${name}.lua`)
const scripts = {
  put: script('put'),
  take: script('take'),
  withdraw: script('withdraw'),
  giveBack: script('give-back'),
  done: script('done'),
}

const keyNames = [
  'legs',
  'places',
  'wait',
  'turns',
  'idle',
  'clocks',
  'backlog',
  'running',
  'held',
  'supply',
  'put',
] as const

/** Opens a pool's line. */
export function openLine(prefix: string, pool: string, redis: RedisConnection): Line {
  const keyOf = (name: (typeof keyNames)[number]): string => `${queuePrefix(prefix, pool)}:line:${name}`
  const keys = keyNames.map(keyOf)
  const run = (one: Script, args: readonly (string | number)[]): Promise<unknown> => runScript(redis, one, keys, args)
  return {
    async put(job, mostWaiting) {
      const { costMs, chargeMs, latestStartAt } = placeOf(job)
      const args = [
        job.legId,
        JSON.stringify(job),
        costMs,
        chargeMs,
        latestStartAt,
        memberOf(job),
        mostWaiting,
        priorityRanks.sheddable,
      ]
      const [word, ticket, shed] = listOf(await run(scripts.put, args))
      if (word !== 'put') return { kind: word === 'full' ? 'full' : 'known' }
      return { kind: 'put', ticket: ticket === 1, ...(typeof shed === 'string' ? { shed: JSON.parse(shed) } : {}) }
    },
    async take(ticket, nowMs, limits) {
      return takenOf(await run(scripts.take, [ticket, nowMs, 'new', ...[...limits].flat()]))
    },
    async takeMore(ticket, nowMs, model, limit) {
      return takenOf(await run(scripts.take, [ticket, nowMs, 'more', model, limit]))
    },
    withdraw: async legId => (await run(scripts.withdraw, [legId])) === 1,
    giveBack: async (ticket, legId) => (await run(scripts.giveBack, [ticket, legId])) === 1,
    async done(ticket) {
      await run(scripts.done, [ticket])
    },
    async backlog() {
      const [waiting, running, work, put] = await onRedis(() =>
        Promise.all([
          redis.zcard(keyOf('wait')),
          redis.hlen(keyOf('running')),
          redis.hgetall(keyOf('backlog')),
          redis.hgetall(keyOf('put')),
        ]),
      )
      const putMs = new Map(Object.entries(put).map(([priority, ms]) => [Number(priority), Number(ms)]))
      return { waiting, running, work: Object.entries(work).map(workOf), putMs }
    },
    waiting: () => onRedis(() => redis.zcard(keyOf('wait'))),
    async count(tickets) {
      await onRedis(() => redis.set(keyOf('supply'), tickets))
    },
  }
}

/** Parts of a name are parted by a sign that sorts before every other, so that no name is the beginning of another. */
const separator = '\u001F'

/** Within a class and tenant the line is in order of deadlines; 15 digits of ms reach past the year 30000. */
function memberOf({ priority, tenant, model, deadlineAt, legId }: Job): string {
  const deadline = Math.max(0, Math.floor(deadlineAt)).toString().padStart(15, '0')
  return [priority, encodeURIComponent(tenant), model, deadline, legId].join(separator)
}

function placeOf({ serviceMs = 1, weight = 1, deadlineAt, latestStartAt = deadlineAt }: Job): {
  readonly costMs: number
  readonly chargeMs: number
  readonly latestStartAt: number
} {
  const costMs = Math.max(1, Math.round(serviceMs))
  return { costMs, chargeMs: Math.max(1, Math.round(costMs / weight)), latestStartAt: Math.floor(latestStartAt) }
}

function workOf([turn, ms]: readonly [string, string]): PoolBacklog['work'][number] {
  const [priority = '', tenant = ''] = turn.split(separator)
  return { priority: Number(priority), tenant: decodeURIComponent(tenant), workMs: Number(ms) }
}

function takenOf(reply: unknown): Taken {
  const [legs, expired] = listOf(reply)
  const read = (envelopes: unknown): unknown[] => listOf(envelopes).map(text => JSON.parse(String(text)))
  return { legs: read(legs), expired: read(expired) }
}

function listOf(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : []
}
