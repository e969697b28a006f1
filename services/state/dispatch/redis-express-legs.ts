import { parseLegId, type LegId, type RequestId } from '#services/contract/ids'
import { composeScript } from '#services/platform/redis/compose-script'
import { isOneServer, type RedisConnection } from '#services/platform/redis/connect'
import { onRedis } from '#services/platform/redis/run-command'
import { runTogether } from '#services/platform/redis/together/run-together'
import { loadScript, runScript } from '#services/platform/redis/script'
import { beginLeg, beginOf } from '#services/state/cascade-log/begin-leg'
import { createCascadeKeys } from '#services/state/cascade-log/cascade-keys'
import type { CascadeLog } from '#services/state/cascade-log/cascade-log'
import { endLegScript } from '#services/state/cascade-log/end-leg'
import {
  returnSlotCall,
  returnSlotScript,
  slotsKey,
  takeSlotCall,
  takeSlotScript,
  type SlotOrder,
} from '#services/state/queue/slot-calls'
import type { ExpressBegun, ExpressLegs, ExpressOrder } from './express-legs.ts'
import type { ScriptCall } from './script-call.ts'

/** What the calls are made with. */
export interface ExpressOptions {
  readonly prefix: string
  /** A leg that took so many workers with it is poison. */
  readonly maxDeaths: number
}

/** How an express leg is begun on one server, which has the keys of every slot. */
export interface BeginHereCall {
  readonly script: ReturnType<typeof composeScript>
  callFor(order: ExpressOrder): ScriptCall<ExpressBegun>
}

const freeSlot = loadScript(import.meta.url, '../queue/lua/fair-queue.lua', '../queue/lua/slots/free-slot.lua')
const beginHere = composeScript(
  { take_slot: takeSlotScript, free_slot: freeSlot, begin_leg: beginLeg },
  loadScript(import.meta.url, 'lua/begin-here.lua'),
)
const endHere = composeScript(
  { return_slot: returnSlotScript, end_leg: endLegScript },
  loadScript(import.meta.url, 'lua/end-here.lua'),
)

/** Makes the calls that begin a leg. */
export function createBeginHereCall({ prefix, maxDeaths }: ExpressOptions): BeginHereCall {
  const keys = createCascadeKeys(prefix)
  return {
    script: beginHere,
    callFor(order) {
      const { requestId, index } = placeOf(order.job.legId)
      const slot = takeSlotCall(prefix, slotOf(order))
      return {
        script: beginHere,
        keys: [...slot.keys, keys.cascade(requestId)],
        args: [...slot.args, index, order.owner.name, order.job.enqueuedAt, maxDeaths],
        read(reply) {
          if (!Array.isArray(reply)) return { kind: 'busy' }
          return beginOf(String(reply[0]), Number(reply[1]))
        },
      }
    },
  }
}

/** Makes the express legs in Redis; on several servers each step asks the one that has its keys. */
export function createRedisExpressLegs(
  options: ExpressOptions,
  redis: RedisConnection,
  cascadeLog: Pick<CascadeLog, 'beginLeg' | 'endLeg' | 'leaveReceipt'>,
): ExpressLegs {
  const { prefix } = options
  const climbKeys = createCascadeKeys(prefix)
  const run = async <Result>({ script, keys, args, read }: ScriptCall<Result>): Promise<Result> =>
    read(await runScript(redis, script, keys, args))
  const beginning = createBeginHereCall(options)
  const renew: ExpressLegs['renew'] = async (slots, leaseUntil) => {
    const byPool = new Map<string, LegId[]>()
    for (const [legId, pool] of slots) byPool.set(pool, [...(byPool.get(pool) ?? []), legId])
    await onRedis(() =>
      Promise.all(
        [...byPool].map(([pool, legIds]) =>
          redis.zadd(slotsKey(prefix, pool), 'XX', ...legIds.flatMap(legId => [leaseUntil, legId])),
        ),
      ),
    )
  }
  const leave: ExpressLegs['leave'] = async (pool, legId, { attempt, costNanoUsd }) => {
    await Promise.all([cascadeLog.leaveReceipt(legId, attempt, costNanoUsd), run(returnSlotCall(prefix, pool, legId))])
  }
  if (isOneServer(redis)) {
    return {
      renew,
      leave,
      begin: order => run(beginning.callFor(order)),
      async end(pool, legId, end) {
        const { requestId, index } = placeOf(legId)
        const { keys, args } = returnSlotCall(prefix, pool, legId)
        const { attempt, costNanoUsd } = end.receipt
        const reply = await runTogether(redis, 'turn', {
          script: endHere,
          keys: [climbKeys.cascade(requestId), ...keys],
          args: [index, attempt, JSON.stringify(end), costNanoUsd, ...args],
        })
        return reply === 'recorded' || reply === 'fenced' ? reply : 'gone'
      },
    }
  }
  return {
    renew,
    leave,
    async begin(order) {
      const { job, owner, pool } = order
      if (!(await run(takeSlotCall(prefix, slotOf(order))))) return { kind: 'busy' }
      const begun = await cascadeLog.beginLeg(job.legId, owner.name, job.enqueuedAt)
      if (begun.kind !== 'run') await run(returnSlotCall(prefix, pool, job.legId))
      return begun
    },
    async end(pool, legId, end) {
      const [written] = await Promise.all([
        cascadeLog.endLeg(legId, end.receipt.attempt, end),
        run(returnSlotCall(prefix, pool, legId)),
      ])
      return written
    },
  }
}

function slotOf({ pool, job, concurrency, owner: { leaseUntil } }: ExpressOrder): SlotOrder {
  return { pool, job, concurrency, leaseUntil }
}

function placeOf(legId: LegId): { readonly requestId: RequestId; readonly index: number } {
  const place = parseLegId(legId)
  if (place === undefined) throw new Error('a leg has no name of its own')
  return place
}
