import { createHash } from 'node:crypto'
import type { Script } from './script.ts'

/** By the part that only a caller knows. */
const composed = new WeakMap<Script, Script>()

/** Makes the script that goes with a part, once: composing takes its time. A part is to go with one script alone. */
export function composedWith(part: Script, make: () => Script): Script {
  let whole = composed.get(part)
  if (whole === undefined) {
    whole = make()
    composed.set(part, whole)
  }
  return whole
}

/**
 * Makes one script out of several: each of `parts` becomes a Lua function of that name that takes its own KEYS and
 * ARGV, and `main` calls them. So steps that are kept apart in the code cost one round trip, and are one atomic
 * step.
 */
export function composeScript(parts: Readonly<Record<string, { readonly lua: string }>>, main: Script): Script {
  const functions = Object.entries(parts).map(([name, { lua }]) => `local function ${name}(KEYS, ARGV)\n${lua}\nend`)
  const lua = [...functions, main.lua].join('\n')
  return { lua, sha1: createHash('sha1').update(lua).digest('hex') }
}
