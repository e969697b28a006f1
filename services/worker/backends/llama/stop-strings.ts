/** A text that grows piece by piece and ends where a stop string begins. */
export interface StoppedText {
  /** What may be shown: nothing that could still become a stop string. */
  readonly text: string
  /** Whether a stop string was met. */
  readonly stopped: boolean
}

/** Cuts a growing text at the first stop string; while more may come, holds back an end that could begin one. */
export function cutAtStop(text: string, stops: readonly string[], mayGrow: boolean): StoppedText {
  const places = stops.map(stop => text.indexOf(stop)).filter(place => place >= 0)
  if (places.length > 0) return { text: text.slice(0, Math.min(...places)), stopped: true }
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
