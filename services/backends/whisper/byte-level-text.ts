/** Turns tokens of a byte-level vocabulary into text. */
export interface ByteLevelText {
  /** The text of a sequence; broken characters at its end become U+FFFD. */
  decode(tokens: readonly number[]): string
  /** A decoder for tokens as they come: gives whole characters only. */
  stream(): (token: number) => string
}

/**
 * Makes the decoder of a vocabulary.
 * @source Radford et al. 2019 (GPT-2), `bytes_to_unicode`: each byte is written as one printable character
 */
export function createByteLevelText(vocabulary: readonly string[]): ByteLevelText {
  const byteOf = bytesByCharacter()
  const bytesOf = (token: number): Uint8Array =>
    Uint8Array.from(Array.from(vocabulary[token] ?? '', character => byteOf.get(character) ?? 0x3f))
  return {
    decode: tokens => new TextDecoder().decode(Buffer.concat(tokens.map(bytesOf))),
    stream() {
      const decoder = new TextDecoder()
      return token => decoder.decode(bytesOf(token), { stream: true })
    },
  }
}

function bytesByCharacter(): ReadonlyMap<string, number> {
  const map = new Map<string, number>()
  let moved = 0
  for (let byte = 0; byte < 256; byte++) {
    map.set(String.fromCodePoint(isPrintable(byte) ? byte : 256 + moved), byte)
    if (!isPrintable(byte)) moved++
  }
  return map
}

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff)
}
