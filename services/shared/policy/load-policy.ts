import { GatewayError } from '../contract/errors.ts'
import type { Policy } from './policy.ts'

/** Loads a policy folder. @throws GatewayError Config */
export async function loadPolicy(directory: string, _options: object): Promise<Policy> {
  throw new GatewayError('Config', `${directory}: no policy can be loaded yet`)
}
