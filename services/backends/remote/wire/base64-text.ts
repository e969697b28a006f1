/**
 * Bytes that go out as text in a request: base64 behind a head, such as that of a data URL. Whoever writes the
 * request writes it.
 */
export class Base64Text {
  readonly #bytes: Buffer
  readonly #head: string

  /** `head` is of characters that JSON writes as they are. */
  constructor(bytes: Uint8Array, head = '') {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#head = head
  }

  /** Characters, each of which is a byte. */
  get length(): number {
    return this.#head.length + 4 * Math.ceil(this.#bytes.length / 3)
  }

  /**
   * Writes it into `target` from `at` on; gives where it ends. A piece at a time: a text of megabytes is expensive to
   * make and to collect.
   */
  writeInto(target: Buffer, at: number): number {
    let end = at + target.write(this.#head, at, 'latin1')
    for (let from = 0; from < this.#bytes.length; from += pieceBytes) {
      end += target.write(this.#bytes.toString('base64', from, from + pieceBytes), end, 'latin1')
    }
    return end
  }

  toString(): string {
    return this.#head + this.#bytes.toString('base64')
  }
}

/** A multiple of three, so that no piece but the last has an end of its own. */
const pieceBytes = 24_576
