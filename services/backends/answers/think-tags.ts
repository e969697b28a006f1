/** What a model writes, told apart. */
export interface Split {
  readonly text: string
  readonly reasoning: string
}

/** Takes the thinking out of a text that begins with it, piece by piece. */
export interface ThinkSplitter {
  take(piece: string): Split
  /** What was held back, once nothing more comes. */
  finish(): Split
}

const opening = '<think>'
const closing = '</think>'

/**
 * Makes a splitter for models whose server does not tell thinking apart: they begin their answer with `<think>`. Tags
 * that come later are text. White space around the thinking goes.
 */
export function createThinkSplitter(): ThinkSplitter {
  let state: 'start' | 'thinking' | 'behind' | 'text' = 'start'
  let held = ''

  const begin = (): Split => {
    const trimmed = held.trimStart()
    if (trimmed.startsWith(opening)) {
      state = 'thinking'
      held = trimmed.slice(opening.length).trimStart()
      return think()
    }
    if (opening.startsWith(trimmed)) return { text: '', reasoning: '' }
    state = 'text'
    return release()
  }

  const think = (): Split => {
    const end = held.indexOf(closing)
    if (end < 0) {
      const kept = longestEnd(held, closing)
      const reasoning = held.slice(0, held.length - kept)
      held = held.slice(held.length - kept)
      return { text: '', reasoning }
    }
    const reasoning = held.slice(0, end).trimEnd()
    held = held.slice(end + closing.length)
    state = 'behind'
    return { text: follow().text, reasoning }
  }

  /** White space between thinking and answer goes. */
  const follow = (): Split => {
    held = held.trimStart()
    if (held !== '') state = 'text'
    return release()
  }

  const release = (): Split => {
    const text = held
    held = ''
    return { text, reasoning: '' }
  }

  return {
    take(piece) {
      held += piece
      if (state === 'start') return begin()
      if (state === 'thinking') return think()
      return state === 'behind' ? follow() : release()
    },
    finish() {
      const rest = release()
      return state === 'thinking' ? { text: '', reasoning: rest.text } : rest
    },
  }
}

/** How many characters at the end of a text may be the beginning of a mark. */
function longestEnd(text: string, mark: string): number {
  for (let length = Math.min(text.length, mark.length - 1); length > 0; length -= 1) {
    if (mark.startsWith(text.slice(-length))) return length
  }
  return 0
}
