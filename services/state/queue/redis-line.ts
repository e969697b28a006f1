import type { LegId } from '#services/contract/ids'
import { isOneServer, type RedisConnection } from '#services/platform/redis/connect'
import { onRedis } from '#services/platform/redis/run-command'
import { composedWith, composeScript } from '#services/platform/redis/compose-script'
import { loadScript, runScript, type Script } from '#services/platform/redis/script'
import { bullmqScripts, ticketKeys, ticketPrefix } from './bullmq-internals.ts'
import { lineKey, lineKeys, separator, type LineKey } from './line-keys.ts'
import type { BegunWord, PoolBacklog, RunningLeg } from './pool-queue.ts'

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
  /**
   * Takes a ticket and its batch; `limits` has the models that may be taken and the most legs of each. `undefined`
   * when there is no ticket. Where legs are begun too, a command that Redis comes to later goes by its time of
   * then.
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
const { activateTicket, completeTicket } = bullmqScripts
const main = (name: string): Script => loadScript(import.meta.url, `lua/${name}.lua`)
const scripts = {
  take: composeScript({ take: script('take'), activate_ticket: activateTicket }, main('take-ticket')),
  takeMore: script('take'),
  withdraw: script('withdraw'),
  giveBack: script('give-back'),
  finish: composeScript({ done: script('done'), complete_ticket: completeTicket }, main('finish-ticket')),
  backlog: script('backlog'),
}
const takeAndBeginMain = main('take-and-begin')

/** Opens a pool's line; with `beginning` for a worker that begins what it takes. */
export function openLine(prefix: string, pool: string, redis: RedisConnection, beginning?: Beginning): Line {
  const keyOf = (name: LineKey): string => lineKey(prefix, pool, name)
  const keys = lineKeys(prefix, pool)
  const bullmqKeys = ticketKeys(prefix, pool)
  const ticketKey = ticketPrefix(prefix, pool)
  const run = (one: Script, args: readonly (string | number)[], more: readonly string[] = []): Promise<unknown> =>
    runScript(redis, one, [...keys, ...more], args)
  const oneServer = isOneServer(redis)
  const takeAndBegin = (
    { script: begin, workerId, maxDeaths, keyAround }: Beginning,
    args: readonly (string | number)[],
  ): Promise<unknown> => {
    const whole = composedWith(begin, () =>
      composeScript({ take_ticket: scripts.take, begin_leg: begin }, takeAndBeginMain),
    )
    return run(whole, [workerId, maxDeaths, ...keyAround, ...args], bullmqKeys.activate)
  }
  return {
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

/** Legs that one look at the line's beginning reads. */
const membersRead = 100

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
