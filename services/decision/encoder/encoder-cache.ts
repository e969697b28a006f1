import { openEncoder } from './open-encoder.ts'
import type { EncoderIdentity, TextEncoder } from './text-encoder.ts'

/**
 * Opens the encoders of policies, each pack once however many policies were fitted with it. They live as long as
 * the process.
 */
export function createEncoderCache(
  packFolder: (pack: string) => Promise<string>,
): (identity: EncoderIdentity) => Promise<TextEncoder> {
  const opened = new Map<string, Promise<TextEncoder>>()
  return ({ pack, tokens }) => {
    const key = `${pack}:${tokens}`
    const found = opened.get(key) ?? packFolder(pack).then(folder => openEncoder(folder, tokens))
    opened.set(key, found)
    return found
  }
}
