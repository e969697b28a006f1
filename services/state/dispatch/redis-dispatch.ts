import { composeScript } from '#services/platform/redis/compose-script'
import type { RedisConnection } from '#services/platform/redis/connect'
import { runTogether } from '#services/platform/redis/together/run-together'
import { loadScript, type Script } from '#services/platform/redis/script'
import type { OpenCall } from '#services/state/cascade-log/open-call'
import type { Escrow } from '#services/state/ledger/escrow/escrow'
import type { HoldOrder, Reservation } from '#services/state/ledger/ledger'
import type { ReserveCall } from '#services/state/ledger/reserve-call'
import type { PutCall } from '#services/state/queue/put-call'
import type { Dispatch, Dispatched, DispatchOrder } from './dispatch.ts'
import type { BeginHereCall } from './redis-express-legs.ts'
import type { ScriptCall } from './script-call.ts'

/** The steps of a dispatch, each as the script of its own room. */
export interface DispatchCalls {
  readonly reserve: ReserveCall
  /** Reserves in this router's slice of the budgets what that covers; absent where nothing is leased. */
  readonly escrow?: Pick<Escrow, 'draw'>
  readonly open: OpenCall
  readonly put: PutCall
  readonly begin: BeginHereCall
}

const main = loadScript(import.meta.url, 'lua/dispatch.lua')

/**
 * Makes the dispatch on one server, which has the keys of every slot: one script does all three steps, or nothing
 * from where one refuses.
 */
export function createRedisDispatch(calls: DispatchCalls, redis: RedisConnection): Dispatch {
  const { reserve, escrow, open, put, begin } = calls
  const wholes = new Map<Script, Map<Script, Script>>()
  /** The script of the three, composed once: money is reserved in the ledger or in this router's slice. */
  const wholeOf = (first: Script, last: Script): Script => {
    const byLast = wholes.get(first) ?? new Map<Script, Script>()
    const whole = byLast.get(last) ?? composeScript({ reserve: first, open: open.script, last }, main)
    wholes.set(first, byLast.set(last, whole))
    return whole
  }
  const reserveFor = (hold: HoldOrder): ScriptCall<Reservation> => {
    const best = bestOf(hold)
    return escrow?.draw(best) ?? reserve.callFor(best)
  }

  /** Runs the three; returns the ledger's answer and the last reply, or why the last did not run. */
  const run = async (
    order: DispatchOrder,
    last: ScriptCall<unknown>,
  ): Promise<Exclude<Dispatched, { kind: 'queued' | 'express' }> | (Ran & { readonly kind: 'ran' })> => {
    const holding = order.hold && reserveFor(order.hold)
    const whole = wholeOf(holding?.script ?? reserve.script, last.script)
    const opening = open.callFor(order.request, order.plan, order.firstLeg, order.owner)
    const keys = [holding, opening, last].flatMap(call => call?.keys ?? [])
    const args = [holding, opening, last].flatMap(call => call?.args ?? [])
    const sizes = [holding, opening].flatMap(sizesOf)
    const call = { script: whole, keys, args: [...sizes, ...args] }
    const [held, opened, reply] = listOf(await runTogether(redis, 'turn', call))
    const reservation = holding?.read(held)
    if (reservation !== undefined && reservation.kind !== 'held') return notHeld(reservation)
    if (!opening.read(opened)) return { kind: 'refused' }
    return { kind: 'ran', reply, shadowed: reservation?.shadowed ?? [] }
  }

  return {
    async dispatch(order) {
      const { pool } = order.firstLeg
      if (order.express !== undefined) {
        const { owner, job } = order
        const beginning = begin.callFor({ pool, job, owner, ...order.express })
        const ran = await run(order, beginning)
        if (ran.kind !== 'ran') return ran
        return { kind: 'express', begun: beginning.read(ran.reply), shadowed: ran.shadowed }
      }
      const putting = put.callFor(pool, order.job)
      const ran = await run(order, putting)
      if (ran.kind !== 'ran') return ran
      putting.read(ran.reply)
      return { kind: 'queued', shadowed: ran.shadowed }
    },
  }
}

interface Ran {
  readonly reply: unknown
  readonly shadowed: readonly string[]
}

function notHeld({ kind: reason }: Exclude<Reservation, { kind: 'held' }>): Extract<Dispatched, { kind: 'not-held' }> {
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
