import { composedWith, composeScript } from '#services/platform/redis/compose-script'
import { loadScript, type ScriptCall } from '#services/platform/redis/script'
import type { Pledge } from '#services/router/request/states'

const holdAndOpen = loadScript(import.meta.url, 'hold-and-open.lua')

/** Opens a climb in the step that holds its money. What it throws when the money is not held, the pledge says. */
export function afterHolding(pledge: Pledge | undefined, opening: ScriptCall): ScriptCall {
  if (pledge === undefined) return opening
  const { call, read } = pledge
  return {
    // Both parts are always the same two scripts.
    script: composedWith(call.script, () => composeScript({ reserve: call.script, open: opening.script }, holdAndOpen)),
    keys: [...call.keys, ...opening.keys],
    args: [call.keys.length, call.args.length, ...call.args, ...opening.args],
    read(reply) {
      const [, ...reservation] = Array.isArray(reply) ? reply : []
      read(reservation)
    },
  }
}
