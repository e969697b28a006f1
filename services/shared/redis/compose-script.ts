import { createHash } from 'node:crypto'
import type { Script } from './script.ts'

/**
 * Makes one script out of several: each of `parts` becomes a Lua function of that name that takes its own KEYS and ARGV, and `main`
 * calls them. So steps that are kept apart in the code cost one round trip, and are one atomic step.
 */
export function composeScript(parts: Readonly<Record<string, { readonly lua: string }>>, main: Script): Script {
  const functions = Object.entries(parts).map(([name, { lua }]) => `local function ${name}(KEYS, ARGV)\n${lua}\nend`)
  const lua = [...functions, main.lua].join('\n')
  return { lua, sha1: createHash('sha1').update(lua).digest('hex') }
}
