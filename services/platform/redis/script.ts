import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { RedisConnection } from './connect.ts'
import { onRedis } from './run-command.ts'

/** A Lua script and the digest that Redis knows it by. */
export interface Script {
  readonly lua: string
  readonly sha1: string
}

/**
 * Reads a script that lies beside the module that uses it, or several parts that make one:
 * `loadScript(import.meta.url, 'open.lua')`.
 */
export function loadScript(moduleUrl: string, ...files: readonly string[]): Script {
  const lua = files.map(file => readFileSync(new URL(file, moduleUrl), 'utf8')).join('\n')
  return { lua, sha1: createHash('sha1').update(lua).digest('hex') }
}

/**
 * Runs a script: by digest, and with its text when this Redis has not seen it yet. All keys must be in one slot.
 * @throws GatewayError Overloaded when Redis is away
 */
export function runScript(
  redis: RedisConnection,
  script: Script,
  keys: readonly string[],
  args: readonly (string | number | Buffer)[],
): Promise<unknown> {
  return onRedis(async () => {
    try {
      return await redis.evalsha(script.sha1, keys.length, ...keys, ...args)
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes('NOSCRIPT')) throw error
      return redis.eval(script.lua, keys.length, ...keys, ...args)
    }
  })
}
