import { existsSync } from 'node:fs'
import { GatewayError } from '#services/contract/errors'

/**
 * Where the built entry of model threads is. Node 20 runs no TypeScript in a thread, so sources run from a checkout (tests) use the
 * build beside them.
 * @throws GatewayError Config when there is no build
 */
export function findThreadEntry(): URL {
  const here = import.meta.url
  const entry = here.endsWith('.ts')
    ? new URL('../../../../dist/services/worker/engine/thread/model-thread.js', here)
    : new URL('./model-thread.js', here)
  if (!existsSync(entry))
    throw new GatewayError('Config', 'model threads run built code: build the project first (npm run build)')
  return entry
}
