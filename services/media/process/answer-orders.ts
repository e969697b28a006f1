import { serveParent } from '#services/platform/process/serve-parent'
import { MediaError } from '../media-error.ts'
import type { Decoding } from './decoding-processes.ts'

/** Answers orders in a decoding process, one after the other. */
export function answerOrders(what: string, decode: (order: never) => Promise<object>): void {
  // Codecs print what they meet in a damaged file.
  Object.assign(console, { error() {}, warn() {}, log() {} })
  const parent = serveParent<Decoding<object>>(order => void answer(order as never))

  async function answer(order: never): Promise<void> {
    let result: Decoding<object>
    try {
      result = { kind: 'decoded', decoded: await decode(order) }
    } catch (error) {
      result = { kind: 'refused', why: error instanceof MediaError ? error.message : `the ${what} cannot be decoded` }
    }
    parent.send(result)
  }
}
