/** Sound in whole milliseconds, at least one, as it is charged. */
export function wholeAudioMs(durationMs: number): number {
  return Math.max(1, Math.round(durationMs))
}
