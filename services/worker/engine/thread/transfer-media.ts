import { isWords } from '#services/contract/content'
import type { Work } from '#services/worker/states'

/**
 * The buffers of a batch that can move to a thread without a copy. A moved buffer is empty afterwards, so a view of a part of a
 * larger buffer (Node's pool, a parser's chunk) is left to be copied.
 */
export function transferableMedia(batch: readonly Work[]): readonly ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>()
  const shared = new Set<ArrayBufferLike>()
  for (const part of batch.flatMap(work => work.parts)) {
    if (isWords(part)) continue
    const { buffer, byteLength } = part.bytes
    if (buffers.has(buffer as ArrayBuffer)) shared.add(buffer)
    if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffers.add(buffer)
  }
  return [...buffers].filter(buffer => !shared.has(buffer))
}
