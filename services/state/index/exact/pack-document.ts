import type { Locator } from '#services/contract/retrieval/evidence'
import type { IndexDocument, Metadata } from '../index-store.ts'

interface Head {
  readonly title?: string
  readonly metadata: Metadata
  readonly texts: readonly string[]
  /** One a chunk, where any has one. */
  readonly locators?: readonly (Locator | null)[]
  readonly orderedAt: number
}

/** A document as Redis keeps it: the length of its head, the head as JSON, the vectors. */
export function packDocument({ title, metadata, chunks, orderedAt }: IndexDocument): Buffer {
  const head: Head = {
    ...(title === undefined ? {} : { title }),
    metadata,
    texts: chunks.map(({ text }) => text),
    ...(chunks.some(({ locator }) => locator !== undefined)
      ? { locators: chunks.map(({ locator = null }) => locator) }
      : {}),
    orderedAt,
  }
  const words = Buffer.from(JSON.stringify(head))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(words.byteLength)
  const vectors = chunks.map(({ vector }) => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength))
  return Buffer.concat([length, words, ...vectors])
}

/** The document again. */
export function unpackDocument(documentId: string, packed: Buffer, dimensions: number): IndexDocument {
  const end = 4 + packed.readUInt32LE(0)
  // Written by `packDocument` alone.
  const { texts, locators, ...head } = JSON.parse(packed.subarray(4, end).toString()) as Head
  // A copy: numbers must lie at a multiple of four, and the reply that holds them is let go.
  const values = new Float32Array(Uint8Array.from(packed.subarray(end)).buffer)
  const chunks = texts.map((text, at) => {
    const locator = locators?.[at] ?? undefined
    const vector = values.subarray(at * dimensions, (at + 1) * dimensions)
    return { text, ...(locator === undefined ? {} : { locator }), vector }
  })
  return { documentId, ...head, chunks }
}
