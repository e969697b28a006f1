import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { GatewayError } from '#services/contract/errors'

/**
 * The built program of judges' processes. Node 20 runs no TypeScript, so sources run from a checkout (tests) use the build beside them.
 * @throws GatewayError Config when there is no build
 */
export function findJudgeEntry(): string {
  const here = import.meta.url
  const entry = here.endsWith('.ts')
    ? new URL('../../../dist/services/worker/sandbox/judge-process.js', here)
    : new URL('./judge-process.js', here)
  if (!existsSync(entry)) {
    throw new GatewayError('Config', 'unit tests run in built code: build the project first (npm run build)')
  }
  return fileURLToPath(entry)
}
