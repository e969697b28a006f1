import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { GatewayError } from '#services/contract/errors'

const sources = '/services/'

/**
 * The built JavaScript `<name>.js` beside the module that asks, as the entry of a process. Node 20 runs no
 * TypeScript, so sources run from a checkout (tests) use the build of the same folder.
 * @throws GatewayError Config when there is no build
 */
export function builtEntry(moduleUrl: string, name: string): string {
  const beside = new URL(`./${name}.js`, moduleUrl).href
  const at = beside.lastIndexOf(sources)
  const built = moduleUrl.endsWith('.ts') ? `${beside.slice(0, at)}/dist${beside.slice(at)}` : beside
  const path = fileURLToPath(built)
  if (!existsSync(path)) {
    throw new GatewayError('Config', `${name} runs in a process of built code: build the project first (npm run build)`)
  }
  return path
}
