import type { LegId } from '#services/contract/ids'
import { isOneServer, type RedisConnection } from '#services/platform/redis/connect'
import { onRedis } from '#services/platform/redis/run-command'
import { composedWith, composeScript } from '#services/platform/redis/compose-script'
import { loadScript, runScript, type Script, type ScriptCall } from '#services/platform/redis/script'
import { bullmqScripts, ticketKeys, ticketPrefix } from './bullmq-scripts.ts'
import { queuePrefix } from './ticket-names.ts'
import { priorityRanks, type Job } from './job.ts'
import type { BegunWord, PoolBacklog, RunningLeg } from './pool-queue.ts'

/** What came of putting a leg in line: `shed` is the envelope of the leg that had to go. */
export type Put =
  | { readonly kind: 'put'; readonly shed?: unknown }
  | { readonly kind: 'known' }
  | { readonly kind: 'full' }
  /** What had to come first was refused. */
  | { readonly kind: 'refused' }

/** Envelopes taken for a ticket, and those that were too late to be taken. */
export interface Taken {
  readonly legs: readonly unknown[]
  readonly expired: readonly unknown[]
  /** What the climb log said of each leg, where it was asked in the same step. */
  readonly begun?: readonly BegunWord[]
}

/** How every leg of a batch is begun in the step that takes it. */
export interface Beginning {
  readonly script: Script
  readonly workerId: string
  readonly maxDeaths: number
  /** What a climb's key has before and after the request's id. */
  readonly keyAround: readonly [string, string]
}

/** The same for a ticket that was just taken. */
export interface TakenTicket extends Taken {
  readonly ticket: string
  /** Tickets that nobody has yet. */
  readonly waiting: number
}

/** A worker's lock on a ticket. */
export interface Lock {
  readonly token: string
  readonly lockMs: number
}

/** The legs of one pool in the order in which they are to run; every change is one step in Lua. */
export interface Line {
  /** Puts a leg in line, and hands out a ticket for it where one is lacking; after `first`, in one step with it where one server has all keys. */
  put(job: Job, mostWaiting: number, first?: ScriptCall): Promise<Put>
  /**
   * Takes a ticket and its batch; `limits` has the models that may be taken and the most legs of each. `undefined` when there is no ticket.
   * Where legs are begun too, a command that Redis comes to later goes by its time of then.
   */
  take(lock: Lock, now: () => number, limits: ReadonlyMap<string, number>): Promise<TakenTicket | undefined>
  /** More legs of a model for a ticket that has some. */
  takeMore(ticket: string, nowMs: number, model: string, limit: number): Promise<Taken>
  withdraw(legId: LegId): Promise<boolean>
  /** True when a ticket is to be handed out for it. */
  giveBack(ticket: string, legId: LegId): Promise<boolean>
  /** Lets go of a ticket and of every leg that it has. */
  finish(ticket: string, lock: Lock, nowMs: number): Promise<void>
  backlog(): Promise<PoolBacklog>
  waiting(): Promise<number>
  /** The models of the legs that stand first in line. */
  waitingModels(): Promise<ReadonlySet<string>>
  /** Says how many tickets nobody has yet, where the count was lost. */
  count(tickets: number): Promise<void>
}

const script = (name: string): Script => loadScript(import.meta.url, 'lua/line.lua', `lua/${name}.lua`)
const { addTicket, activateTicket, completeTicket } = bullmqScripts
const main = (name: string): Script => loadScript(import.meta.url, `lua/${name}.lua`)
const scripts = {
  put: composeScript({ put: script('put'), add_ticket: addTicket }, main('put-leg')),
  take: composeScript({ take: script('take'), activate_ticket: activateTicket }, main('take-ticket')),
  takeMore: script('take'),
  withdraw: script('withdraw'),
  giveBack: script('give-back'),
  finish: composeScript({ done: script('done'), complete_ticket: completeTicket }, main('finish-ticket')),
  backlog: script('backlog'),
}
const wholes = { put: main('open-and-put'), take: main('take-and-begin') }

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

/** Opens a pool's line; with `beginning` for a worker that begins what it takes. */
export function openLine(prefix: string, pool: string, redis: RedisConnection, beginning?: Beginning): Line {
  const keyOf = (name: (typeof keyNames)[number]): string => `${queuePrefix(prefix, pool)}:line:${name}`
  const keys = keyNames.map(keyOf)
  const bullmqKeys = ticketKeys(prefix, pool)
  const ticketKey = ticketPrefix(prefix, pool)
  const run = (one: Script, args: readonly (string | number)[], more: readonly string[] = []): Promise<unknown> =>
    runScript(redis, one, [...keys, ...more], args)
  const oneServer = isOneServer(redis)
  const takeAndBegin = (
    { script: begin, workerId, maxDeaths, keyAround }: Beginning,
    args: readonly (string | number)[],
  ): Promise<unknown> => {
    const whole = composedWith(begin, () => composeScript({ take_ticket: scripts.take, begin_leg: begin }, wholes.take))
    return run(whole, [workerId, maxDeaths, ...keyAround, ...args], bullmqKeys.activate)
  }
  const putAfter = async (
    { script: before, keys: first, args: firstArgs, read }: ScriptCall,
    args: readonly (string | number)[],
  ) => {
    if (oneServer) {
      const whole = composedWith(before, () => composeScript({ first: before, put_leg: scripts.put }, wholes.put))
      const counts = [first.length, firstArgs.length]
      const reply = runScript(redis, whole, [...first, ...keys, ...bullmqKeys.add], [...counts, ...firstArgs, ...args])
      const [said, put] = listOf(await reply)
      read?.(said)
      return put ?? ['refused']
    }
    const opened = await runScript(redis, before, first, firstArgs)
    return opened === 1 ? run(scripts.put, args, bullmqKeys.add) : ['refused']
  }
  return {
    async put(job, mostWaiting, first) {
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
        ticketKey,
        Date.now(),
      ]
      const putting = first === undefined ? run(scripts.put, args, bullmqKeys.add) : putAfter(first, args)
      const [word, , shed] = listOf(await putting)
      if (word === 'full' || word === 'refused') return { kind: word }
      if (word !== 'put') return { kind: 'known' }
      return { kind: 'put', ...(typeof shed === 'string' ? { shed: JSON.parse(shed) } : {}) }
    },
    async take({ token, lockMs }, now, limits) {
      const args = [ticketKey, now(), token, lockMs, ...[...limits].flat()]
      const begins = oneServer && beginning !== undefined
      const reply = begins ? takeAndBegin(beginning, args) : run(scripts.take, args, bullmqKeys.activate)
      const [ticket, waiting, legs, expired, begun] = listOf(await reply)
      if (typeof ticket !== 'string') return undefined
      // By the clock of the reply: a Redis that hung may have taken its time.
      const at = now()
      const words = begins ? { begun: listOf(begun).map(one => wordOf(one, at)) } : {}
      return { ticket, waiting: Number(waiting), ...takenOf([legs, expired]), ...words }
    },
    async takeMore(ticket, nowMs, model, limit) {
      return takenOf(await run(scripts.takeMore, [ticket, nowMs, 'more', model, limit]))
    },
    withdraw: async legId => (await run(scripts.withdraw, [legId])) === 1,
    giveBack: async (ticket, legId) => (await run(scripts.giveBack, [ticket, legId])) === 1,
    async finish(ticket, { token, lockMs }, nowMs) {
      const more = [...bullmqKeys.complete, ticketKey + ticket, ...bullmqKeys.completeMore]
      await run(scripts.finish, [ticket, token, nowMs, ticketKey, lockMs], more)
    },
    async backlog() {
      const [waiting, running, work, put, batches, legs] = listOf(await run(scripts.backlog, [mostLegsTold]))
      const putMs = new Map(pairsOf(put).map(([priority, ms]) => [Number(priority), Number(ms)]))
      return {
        waiting: Number(waiting),
        running: Number(running),
        work: pairsOf(work).map(workOf),
        batches: Number(batches),
        legs: legsOf(listOf(legs).map(String)),
        putMs,
      }
    },
    waiting: () => onRedis(() => redis.zcard(keyOf('wait'))),
    async waitingModels() {
      const members = await onRedis(() => redis.zrange(keyOf('wait'), '0', String(membersRead - 1)))
      return new Set(members.flatMap(member => member.split(separator)[2] ?? []))
    },
    async count(tickets) {
      await onRedis(() => redis.set(keyOf('supply'), tickets))
    },
  }
}

/** Parts of a name are parted by a sign that sorts before every other, so that no name is the beginning of another. */
const separator = '\u001F'

/** Legs that one look at the line's beginning reads. */
const membersRead = 100

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
  const [priority = '', tenant = '', model = ''] = turn.split(separator)
  return { priority: Number(priority), tenant: decodeURIComponent(tenant), model, workMs: Number(ms) }
}

/** Of more legs at work than this, those that are told stand for all. */
const mostLegsTold = 64

function legsOf(flat: readonly string[]): readonly RunningLeg[] {
  return Array.from({ length: flat.length / 3 }, (_, at) => {
    const [model = '', serviceMs, elapsedMs] = flat.slice(at * 3, at * 3 + 3)
    return { model, serviceMs: Number(serviceMs), elapsedMs: Number(elapsedMs) }
  })
}

function wordOf(reply: unknown, at: number): BegunWord {
  const [word, attempt] = listOf(reply)
  return { word: String(word), attempt: Number(attempt), at }
}

function pairsOf(flat: unknown): readonly (readonly [string, string])[] {
  const list = listOf(flat).map(String)
  return Array.from({ length: list.length / 2 }, (_, at) => [list[at * 2] ?? '', list[at * 2 + 1] ?? ''])
}

function takenOf(reply: unknown): Taken {
  const [legs, expired] = listOf(reply)
  const read = (envelopes: unknown): unknown[] => listOf(envelopes).map(text => JSON.parse(String(text)))
  return { legs: read(legs), expired: read(expired) }
}

function listOf(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : []
}
