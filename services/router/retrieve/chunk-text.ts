/** How texts are cut. */
export interface ChunkOptions {
  /** Most characters of a chunk. */
  readonly characters: number
  /** Characters of whole sentences that a chunk repeats of the one before, at most. */
  readonly overlapCharacters: number
}

const sentences = new Intl.Segmenter('en', { granularity: 'sentence' })

/**
 * Cuts a text into chunks of whole sentences, and where there is room of whole paragraphs. A sentence that is too
 * long is cut at a space, and where there is none between two characters.
 */
export function chunkText(text: string, { characters, overlapCharacters }: ChunkOptions): readonly string[] {
  const chunks: string[] = []
  let open: string[] = []
  let length = 0
  const close = (): void => {
    const chunk = open.join('').trim()
    if (chunk !== '') chunks.push(chunk)
  }
  for (const piece of piecesOf(text, characters)) {
    if (length + piece.length > characters && length > 0) {
      close()
      open = tailOf(open, Math.min(overlapCharacters, characters - piece.length))
      length = open.reduce((sum, { length: more }) => sum + more, 0)
    }
    open.push(piece)
    length += piece.length
    // A paragraph ends where the next would not fit whole into what is left of a chunk that is half full.
    if (length > characters / 2 && /\n\s*\n\s*$/u.test(open.slice(-2).join(''))) {
      close()
      open = []
      length = 0
    }
  }
  close()
  return chunks
}

function tailOf(pieces: readonly string[], most: number): string[] {
  const tail: string[] = []
  let length = 0
  for (const piece of pieces.toReversed()) {
    length += piece.length
    if (length > most) break
    tail.unshift(piece)
  }
  return tail
}

/** Sentences with the blanks behind them, none longer than `most`. */
function* piecesOf(text: string, most: number): Generator<string> {
  for (const { segment } of sentences.segment(text)) {
    let rest = segment
    while (rest.length > most) {
      const space = rest.lastIndexOf(' ', most - 1)
      const cut = space > most / 2 ? space + 1 : endOfCharacter(rest, most)
      yield rest.slice(0, cut)
      rest = rest.slice(cut)
    }
    if (rest !== '') yield rest
  }
}

/** The place, or the one before where a surrogate pair would be cut. */
function endOfCharacter(text: string, at: number): number {
  const code = text.charCodeAt(at - 1)
  return code >= 0xd800 && code <= 0xdbff ? at - 1 : at
}
