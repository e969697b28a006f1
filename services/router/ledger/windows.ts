/** A span of the calendar in which spending is counted. */
export type WindowKind = 'day' | 'month'

/** One span: its name in its zone, and when it is over. */
export interface Window {
  /** `2026-11-24` or `2026-11`. */
  readonly label: string
  /** Epoch ms at which the next one begins. */
  readonly endsAt: number
}

/** Returns the span that contains a time. */
export type WindowAt = (kind: WindowKind, nowMs: number) => Window

/** Longer than any span of its kind, summer time included. */
const longestMs: Readonly<Record<WindowKind, number>> = { day: 50 * 3_600_000, month: 33 * 86_400_000 }

/** Makes the calendar of a time zone. Spans are computed once each: a request only compares two numbers. */
export function createWindows(timeZone: string): WindowAt {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
  const labelOf = (kind: WindowKind, atMs: number): string => format.format(atMs).slice(0, kind === 'day' ? 10 : 7)
  const known = new Map<WindowKind, Window & { readonly fromAt: number }>()

  return (kind, nowMs) => {
    const last = known.get(kind)
    if (last !== undefined && last.fromAt <= nowMs && nowMs < last.endsAt) return last
    const label = labelOf(kind, nowMs)
    // Labels grow with time, so the first moment with another one is found by halving; it need not be a midnight.
    let same = nowMs
    let other = nowMs + longestMs[kind]
    while (other - same > 1) {
      const middle = Math.floor((same + other) / 2)
      if (labelOf(kind, middle) === label) same = middle
      else other = middle
    }
    const window = { label, endsAt: other, fromAt: nowMs }
    known.set(kind, window)
    return window
  }
}
