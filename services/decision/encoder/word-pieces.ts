import { Tokenizer } from '@huggingface/tokenizers'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Token ids of one text. */
export interface WordPieces {
  readonly ids: readonly number[]
  /** Whether the text went on beyond what the model takes. */
  readonly truncated: boolean
}

/** Turns text into the token ids of one model, special tokens included. */
export type ToWordPieces = (text: string) => WordPieces

/** A word piece is seldom longer: the head of a text that is read first. */
const charactersPerToken = 16
/** How much more is read when that was not enough. */
const growth = 4
/**
 * What is beyond this is left out though fewer tokens were found: marks make none, and to put runs of them in order
 * takes a time that grows with their square (28 s for 200,000). Runs of white space count as one character.
 */
const mostCharactersPerToken = 64

/**
 * Reads a pack's tokenizer. What is longer than `mostTokens` is cut, its last token kept: it closes the sequence.
 * Of a long text only as much is looked at as is needed; word pieces never reach over white space, so the pieces
 * are those of the whole.
 */
export function readWordPieces(packFolder: string, mostTokens: number): ToWordPieces {
  const read = (file: string): object => JSON.parse(readFileSync(join(packFolder, file), 'utf8'))
  const tokenizer = new Tokenizer(read('tokenizer.json'), read('tokenizer_config.json'))
  const mostCharacters = mostTokens * mostCharactersPerToken
  return whole => {
    const spaced = whole.length > mostCharacters ? whole.replaceAll(/\s+/gu, ' ') : whole
    const text = spaced.slice(0, mostCharacters)
    for (let characters = mostTokens * charactersPerToken; ; characters *= growth) {
      const head = headOf(text, characters)
      const { ids } = tokenizer.encode(head)
      if (ids.length > mostTokens) return { ids: [...ids.slice(0, mostTokens - 1), ids.at(-1) ?? 0], truncated: true }
      if (head.length === text.length) return { ids, truncated: text.length < spaced.length }
    }
  }
}

/** The text up to the first white space behind so many characters. */
function headOf(text: string, characters: number): string {
  if (text.length <= characters) return text
  const more = text.slice(characters).search(/[ \t\r\n]/u)
  return more < 0 ? text : text.slice(0, characters + more)
}
