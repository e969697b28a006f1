import { composeScript } from '#services/platform/redis/compose-script'
import type { RedisConnection } from '#services/platform/redis/connect'
import { loadScript, runScript, type Script } from '#services/platform/redis/script'
import type { OpenCall } from '#services/state/cascade-log/open-call'
import type { HoldOrder, Reservation } from '#services/state/ledger/ledger'
import type { ReserveCall } from '#services/state/ledger/reserve-call'
import type { PutCall } from '#services/state/queue/put-call'
import type { Dispatch, Dispatched } from './dispatch.ts'
import type { ScriptCall } from './script-call.ts'

/** The steps of a dispatch, each as the script of its own room. */
export interface DispatchCalls {
  readonly reserve: ReserveCall
  readonly open: OpenCall
  readonly put: PutCall
}

const main = loadScript(import.meta.url, 'lua/dispatch.lua')

/**
 * Makes the dispatch on one server, which has the keys of every slot: one script does all three steps, or nothing
 * from where one refuses.
 */
export function createRedisDispatch(calls: DispatchCalls, redis: RedisConnection): Dispatch {
  const { reserve, open, put } = calls
  const whole: Script = composeScript({ reserve: reserve.script, open: open.script, put_leg: put.script }, main)
  return {
    async dispatch(order) {
      const holding = order.hold && reserve.callFor(bestOf(order.hold))
      const opening = open.callFor(order.request, order.plan, order.firstLeg, order.owner)
      const putting = put.callFor(order.firstLeg.pool, order.job)
      const keys = [holding, opening, putting].flatMap(call => call?.keys ?? [])
      const args = [holding, opening, putting].flatMap(call => call?.args ?? [])
      const sizes = [holding, opening].flatMap(sizesOf)
      const [held, opened, queued] = listOf(await runScript(redis, whole, keys, [...sizes, ...args]))
      const reservation = holding?.read(held)
      if (reservation !== undefined && reservation.kind !== 'held') return notHeld(reservation)
      if (!opening.read(opened)) return { kind: 'refused' }
      putting.read(queued)
      return { kind: 'queued', shadowed: reservation?.shadowed ?? [] }
    },
  }
}

function notHeld({ kind: reason }: Exclude<Reservation, { kind: 'held' }>): Dispatched {
  return { kind: 'not-held', reason }
}

/** A first leg is of the best offer; what a nearly spent budget still covers is asked of the ledger alone. */
function bestOf(hold: HoldOrder): HoldOrder {
  return { ...hold, offers: hold.offers.slice(0, 1) }
}

function sizesOf(call: ScriptCall<Reservation | boolean> | undefined): readonly [number, number] {
  return [call?.keys.length ?? 0, call?.args.length ?? 0]
}

function listOf(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : []
}
