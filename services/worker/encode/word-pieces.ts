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

/** Reads a pack's tokenizer. What is longer than `mostTokens` is cut, its last token kept: it closes the sequence. */
export function readWordPieces(packFolder: string, mostTokens: number): ToWordPieces {
  const read = (file: string): object => JSON.parse(readFileSync(join(packFolder, file), 'utf8'))
  const tokenizer = new Tokenizer(read('tokenizer.json'), read('tokenizer_config.json'))
  return text => {
    const { ids } = tokenizer.encode(text)
    if (ids.length <= mostTokens) return { ids, truncated: false }
    return { ids: [...ids.slice(0, mostTokens - 1), ids.at(-1) ?? 0], truncated: true }
  }
}
