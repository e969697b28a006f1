import type { WordPart } from '#services/contract/content'

/** How long words lie in the payload store: text as it is, what has more to it as JSON. */
export type WordPayloadKind = 'text-payload' | 'tool-payload'

/** Whether a stored part is words and no medium. */
export function isWordPayload<P extends { readonly kind: string }>(
  part: P,
): part is Extract<P, { readonly kind: WordPayloadKind }> {
  return part.kind === 'text-payload' || part.kind === 'tool-payload'
}

/** Long words as they are put away. */
export function wordPayloadOf(part: WordPart): { readonly kind: WordPayloadKind; readonly bytes: Uint8Array } {
  return part.kind === 'text' && part.cachePoint === undefined
    ? { kind: 'text-payload', bytes: Buffer.from(part.text) }
    : { kind: 'tool-payload', bytes: Buffer.from(JSON.stringify(part)) }
}

/** Reads what `wordPayloadOf` wrote. */
export function wordsOfPayload(kind: WordPayloadKind, bytes: Uint8Array): WordPart {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
  return kind === 'text-payload' ? { kind: 'text', text } : (JSON.parse(text) as WordPart)
}
