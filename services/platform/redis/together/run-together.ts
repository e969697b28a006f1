import { composeScript } from '../compose-script.ts'
import { isOneServer, type RedisConnection } from '../connect.ts'
import { storeErrorOf } from '../run-command.ts'
import { loadScript, runScript, type Script } from '../script.ts'

/**
 * Until when calls are gathered. `tick`: to the end of what the loop does now, so no command that is sent later goes
 * first. `turn`: to the end of this turn of the loop, when commands are written anyway; a command that is sent
 * meanwhile may go first.
 */
export type Until = 'tick' | 'turn'

interface Call {
  readonly script: Script
  readonly keys: readonly string[]
  readonly args: readonly (string | number | Buffer)[]
  readonly resolve: (reply: unknown) => void
  readonly reject: (error: unknown) => void
}

/** More would keep other clients of the server waiting. */
const mostAtOnce = 32
const main = loadScript(import.meta.url, 'together.lua')

const gathered = new WeakMap<RedisConnection, Readonly<Record<Until, Call[]>>>()

/**
 * Runs a script as `runScript` does; calls that come together go to Redis as one command, which each of them costs
 * less of. They keep their order, and a call that fails fails alone. On a cluster, whose servers have some keys each,
 * every call is a command.
 * @throws GatewayError Overloaded when Redis is away
 */
export function runTogether(
  redis: RedisConnection,
  until: Until,
  { script, keys, args }: Pick<Call, 'script' | 'keys' | 'args'>,
): Promise<unknown> {
  if (!isOneServer(redis)) return runScript(redis, script, keys, args)
  const waiting = gathered.get(redis) ?? { tick: [], turn: [] }
  gathered.set(redis, waiting)
  return new Promise((resolve, reject) => {
    const calls = waiting[until]
    if (calls.length === 0) {
      const flush = (): void => {
        const all = calls.splice(0)
        for (let at = 0; at < all.length; at += mostAtOnce) send(redis, all.slice(at, at + mostAtOnce))
      }
      if (until === 'tick') process.nextTick(flush)
      else setImmediate(flush)
    }
    calls.push({ script, keys, args, resolve, reject })
  })
}

function send(redis: RedisConnection, calls: readonly Call[]): void {
  const [first] = calls
  if (first !== undefined && calls.length === 1) {
    runScript(redis, first.script, first.keys, first.args).then(first.resolve, first.reject)
    return
  }
  const scripts = [...new Set(calls.map(call => call.script))].toSorted((one, other) =>
    one.sha1 < other.sha1 ? -1 : 1,
  )
  const args = calls.flatMap(call => [
    scripts.indexOf(call.script) + 1,
    call.keys.length,
    call.args.length,
    ...call.args,
  ])
  const keys = calls.flatMap(call => call.keys)
  runScript(redis, wholeOf(scripts), keys, args).then(
    reply => settle(calls, Array.isArray(reply) ? reply : []),
    (error: unknown) => {
      for (const call of calls) call.reject(error)
    },
  )
}

function settle(calls: readonly Call[], replies: readonly unknown[]): void {
  for (const [at, call] of calls.entries()) {
    const reply = replies[at]
    const [isDone, value] = Array.isArray(reply) ? reply : []
    if (isDone === 1) call.resolve(value)
    else call.reject(storeErrorOf(new Error(String(value))) ?? new Error(String(value)))
  }
}

const wholes = new Map<string, Script>()

/** The script that runs calls of these, made once. */
function wholeOf(scripts: readonly Script[]): Script {
  const name = scripts.map(({ sha1 }) => sha1).join(' ')
  const known = wholes.get(name)
  if (known !== undefined) return known
  const parts = Object.fromEntries(scripts.map((script, at) => [`script_${at + 1}`, script]))
  const list = { lua: `local scripts = { ${Object.keys(parts).join(', ')} }\n${main.lua}`, sha1: main.sha1 }
  const whole = composeScript(parts, list)
  wholes.set(name, whole)
  return whole
}
