import { MediaError } from '../media-error.ts'
import type { Decoding } from './decoding-processes.ts'

/** Answers orders in a decoding process, one after the other. */
export function answerOrders<Order, Decoded>(what: string, decode: (order: Order) => Promise<Decoded>): void {
  // Codecs print what they meet in a damaged file.
  Object.assign(console, { error() {}, warn() {}, log() {} })
  process.on('message', (order: Order) => void answer(order))

  async function answer(order: Order): Promise<void> {
    let said: Decoding<Decoded>
    try {
      said = { kind: 'decoded', decoded: await decode(order) }
    } catch (error) {
      said = { kind: 'refused', why: error instanceof MediaError ? error.message : `the ${what} cannot be decoded` }
    }
    process.send?.(said)
  }
}
