import { packPath } from '#services/packs/pack-path'
import { openEncoder } from './open-encoder.ts'
import type { EncoderIdentity, TextEncoder } from './text-encoder.ts'

/** Opens the encoders of policies, each pack once however many policies were fitted with it. They live as long as the process. */
export function createEncoderShelf(cacheFolder: string): (identity: EncoderIdentity) => Promise<TextEncoder> {
  const opened = new Map<string, Promise<TextEncoder>>()
  return ({ pack, tokens }) => {
    const key = `${pack}:${tokens}`
    const found = opened.get(key) ?? openEncoder(packPath(cacheFolder, pack), tokens)
    opened.set(key, found)
    return found
  }
}
