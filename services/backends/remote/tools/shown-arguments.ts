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

/** An object with a first key. Some servers send an empty one before it, whose meaning only the end shows. */
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

const nesting: Readonly<Record<string, number>> = { '{': 1, '[': 1, '}': -1, ']': -1 }

/**
 * Reads on to where the object ends, or to where the text ends; an escape or a pair of halves that is not whole is
 * left.
 */
function readOn(text: string, place: { depth: number; inString: boolean }): number {
  let at = 0
  while (at < text.length) {
    const character = place.inString ? characterAt(text, at) : text[at]
    if (character === undefined) return at
    at += character.length
    if (character === '"') place.inString = !place.inString
    else if (!place.inString) place.depth += nesting[character] ?? 0
    if (place.depth === 0) return at
  }
  return at
}

/** A half, an escape, or an escaped half at the end of a text, that may go on. */
const isOpen = /(?:[\ud800-\udbff]|\\(?:u[\da-f]{0,3})?|\\ud[89ab][\da-f]{2}(?:\\(?:u(?:d(?:[c-f][\da-f]?)?)?)?)?)$/iuy
/** Two escaped halves are one. */
const oneCharacter = /\\ud[89ab][\da-f]{2}\\ud[c-f][\da-f]{2}|\\u[^]{4}|\\?[^]/iuy

/** The character at a place of a string, as it is written; `undefined` while it may go on. */
function characterAt(text: string, at: number): string | undefined {
  isOpen.lastIndex = at
  if (isOpen.test(text)) return undefined
  oneCharacter.lastIndex = at
  return oneCharacter.exec(text)?.[0]
}
