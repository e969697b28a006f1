/** Sound in whole milliseconds, at least one: what is held for it and what is charged both go by this. */
export function wholeAudioMs(durationMs: number): number {
  return Math.max(1, Math.round(durationMs))
}
