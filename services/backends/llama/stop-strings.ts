/** A text that grows piece by piece and ends where a stop string begins. */
export interface StoppedText {
  /** What may be shown: nothing that could still become a stop string. */
  readonly text: string
  /** Whether a stop string was met. */
  readonly stopped: boolean
}

/**
 * Cuts a growing text at the stop string that is complete first, the longest of those that end together, so that a text
 * is cut alike in pieces and as a whole. While more may come, holds back an end that could begin one.
 */
export function cutAtStop(text: string, stops: readonly string[], mayGrow: boolean): StoppedText {
  const met = stops
    .map(stop => ({ from: text.indexOf(stop), characters: stop.length }))
    .filter(({ from }) => from >= 0)
    .toSorted((one, other) => one.from + one.characters - other.from - other.characters || one.from - other.from)
  if (met[0] !== undefined) return { text: text.slice(0, met[0].from), stopped: true }
  const held = mayGrow ? Math.max(0, ...stops.map(stop => beginningAtEnd(text, stop))) : 0
  return { text: text.slice(0, text.length - held), stopped: false }
}

/** Characters at the end of the text that a stop string begins with. */
function beginningAtEnd(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length -= 1) {
    if (text.endsWith(stop.slice(0, length))) return length
  }
  return 0
}
