/** A line of a file that is not blank. */
export interface Line {
  /** Its number among all lines, from 1. */
  readonly number: number
  /** Its place among the lines that are not blank, from 0. */
  readonly row: number
  readonly bytes: Buffer
}

const lineFeed = 0x0a

/**
 * Reads a file line by line. A line that grows over `mostBytes` comes as no more than that and one byte, and its
 * rest is skipped, so that no line is held whole that nobody takes.
 */
export async function* readLines(pieces: AsyncIterable<Uint8Array>, mostBytes: number): AsyncGenerator<Line> {
  let number = 0
  let row = 0
  let open: Buffer[] = []
  let openBytes = 0
  const add = (part: Buffer): void => {
    const room = mostBytes + 1 - openBytes
    const taken = part.subarray(0, Math.max(0, room))
    if (taken.byteLength === 0) return
    open.push(taken)
    openBytes += taken.byteLength
  }
  const take = (): Line | undefined => {
    const bytes = trimmed(Buffer.concat(open))
    open = []
    openBytes = 0
    number += 1
    if (bytes.byteLength === 0) return undefined
    row += 1
    return { number, row: row - 1, bytes }
  }
  for await (const piece of pieces) {
    const buffer = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    let from = 0
    for (let at = buffer.indexOf(lineFeed); at >= 0; at = buffer.indexOf(lineFeed, from)) {
      add(buffer.subarray(from, at))
      const line = take()
      if (line !== undefined) yield line
      from = at + 1
    }
    add(buffer.subarray(from))
  }
  const last = take()
  if (last !== undefined) yield last
}

const blanks: ReadonlySet<number> = new Set([0x20, 0x09, 0x0d])

/** Without blanks around it. */
function trimmed(bytes: Buffer): Buffer {
  let from = 0
  let to = bytes.byteLength
  while (from < to && blanks.has(bytes[from] ?? 0)) from += 1
  while (to > from && blanks.has(bytes[to - 1] ?? 0)) to -= 1
  return bytes.subarray(from, to)
}
