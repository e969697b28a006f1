import { withoutHalves } from './tool-arguments.ts'

/** Arguments of one call as they come, and what of them may be shown before they are whole. */
export interface ShownArguments {
  /**
   * Takes a piece, and gives what may be shown next. What is shown is the beginning of the JSON that is read at the
   * end, wherever that is plain JSON of an object. Servers that send the whole so far with each piece, or a text
   * instead of an object, are shown no further: their arguments come with the answer's end.
   */
  take(piece: string): string
  /** Whether an object is shown to its end. */
  readonly isWhole: boolean
}

/** An object with a first key. Some servers send an empty one before it, whose meaning the end alone tells. */
const begun = /^\s*(?:\{\s*\}\s*|null\s*)?(?=\{\s*")/u
const mayBegin = /^\s*(?:(?:\{\s*\}|null)\s*)?(?:\{\s*)?$/u

/** Makes one for one call. */
export function createShownArguments(): ShownArguments {
  const taken: string[] = []
  let characters = 0
  /** Taken, and neither shown nor given up. */
  let held = ''
  let state: 'begins' | 'shows' | 'whole' | 'given-up' = 'begins'
  const place = { depth: 0, inString: false }

  /** Whether a piece says all that there is so far, and more. */
  const isSoFar = (piece: string): boolean =>
    characters > 1 && piece.length >= characters && piece.startsWith(taken.join('').trim())

  return {
    take(piece) {
      if (state === 'whole' || state === 'given-up' || piece === '') return ''
      if (isSoFar(piece)) {
        state = 'given-up'
        return ''
      }
      taken.push(piece)
      characters += piece.length
      held += piece
      if (state === 'begins') {
        if (!begun.test(held)) {
          if (!mayBegin.test(held)) state = 'given-up'
          return ''
        }
        state = 'shows'
        held = held.replace(begun, '')
      }
      const end = readOn(held, place)
      const shown = held.slice(0, end)
      held = held.slice(end)
      if (place.depth === 0) state = 'whole'
      return withoutHalves(shown)
    },
    get isWhole() {
      return state === 'whole'
    },
  }
}

/**
 * Reads on to where the object ends, or to where the text ends; an escape or a pair of halves that is not whole is left.
 */
function readOn(text: string, place: { depth: number; inString: boolean }): number {
  let at = 0
  while (at < text.length) {
    const character = text[at] ?? ''
    if (place.inString) {
      const length = lengthAt(text, at)
      if (length === undefined) return at
      if (character === '"') place.inString = false
      at += length
      continue
    }
    at += 1
    if (character === '"') place.inString = true
    else if (character === '{' || character === '[') place.depth += 1
    else if (character === '}' || character === ']') {
      place.depth -= 1
      if (place.depth === 0) return at
    }
  }
  return at
}

const escapedHigh = /^\\u[dD][89abAB]/u
const mayBeLow = /^(?:\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]{0,2})?)?)?)?$/u

/** How long the character at a place of a string is written; `undefined` while that is open. */
function lengthAt(text: string, at: number): number | undefined {
  const code = text.charCodeAt(at)
  if (code >= 0xd8_00 && code <= 0xdb_ff) return at + 1 < text.length ? 1 : undefined
  if (text[at] !== '\\') return 1
  if (text[at + 1] !== 'u') return at + 1 < text.length ? 2 : undefined
  if (at + 6 > text.length) return undefined
  if (!escapedHigh.test(text.slice(at, at + 6))) return 6
  const next = text.slice(at + 6, at + 12)
  if (!mayBeLow.test(next)) return 6
  return next.length === 6 ? 12 : undefined
}
