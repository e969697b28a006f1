import type { Script } from '#services/platform/redis/script'

/**
 * A Lua script with its keys and arguments, and how its reply is read. It runs alone or as a part of a larger
 * script.
 */
export interface ScriptCall<Result> {
  readonly script: Script
  readonly keys: readonly string[]
  readonly args: readonly (string | number | Buffer)[]
  readonly read: (reply: unknown) => Result
}
