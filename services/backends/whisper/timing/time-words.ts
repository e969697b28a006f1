import type { TimedText } from '#services/contract/answer'
import type { ByteLevelText } from '../byte-level-text.ts'
import { whisperSampleRate } from '../log-mel.ts'
import { createTrim } from './trim-to-sound.ts'
import { alignTokens, type StepAttention } from './align-tokens.ts'

/** The tokens of one window with the decoder's attention. */
export interface AlignedWindow {
  readonly tokens: readonly number[]
  /** Of each step: one a token, and one for the end where it was reached. */
  readonly attention: readonly StepAttention[]
  readonly startMs: number
  /** 16 kHz. */
  readonly samples: Float32Array
}

/** Scripts that put no spaces between words: each character is one. */
const unspaced =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
const brokenCharacter = '\uFFFD'
const wordCharacter = /[\p{L}\p{N}]/u

/** Says when each word of a window is spoken, from the beginning of the recording. Pure. */
export function timeWords({ tokens, attention, startMs, samples }: AlignedWindow, text: ByteLevelText): TimedText[] {
  if (tokens.length === 0 || attention.length < tokens.length) return []
  const audioMs = (samples.length / whisperSampleRate) * 1000
  const starts = alignTokens(attention, audioMs)
  const trim = createTrim(samples)
  const at = (place: number): number => starts[place] ?? audioMs
  return piecesOf(tokens, text).map(({ word, from, to }) => {
    const span = trim({ startMs: at(from), endMs: at(to) })
    return { text: word, startMs: startMs + span.startMs, endMs: startMs + span.endMs }
  })
}

interface Piece {
  word: string
  readonly from: number
  to: number
}

/** Words keep the space before them, so that they join to the text again. */
function piecesOf(tokens: readonly number[], text: ByteLevelText): readonly Piece[] {
  const pieces: Piece[] = []
  let from = 0
  for (let to = 1; to <= tokens.length; to++) {
    const word = text.decode(tokens.slice(from, to))
    // A character may take several tokens.
    if (word.includes(brokenCharacter) && to < tokens.length) continue
    const last = pieces.at(-1)
    const begins = last === undefined || word.startsWith(' ') || unspaced.test(word)
    const isMark = !wordCharacter.test(word)
    // A mark belongs to the word before it, and the pause at it to neither.
    if (last === undefined || (begins && !isMark)) pieces.push({ word, from, to })
    else Object.assign(last, { word: last.word + word, ...(!isMark && { to }) })
    from = to
  }
  return pieces
}
