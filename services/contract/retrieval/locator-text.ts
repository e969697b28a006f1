import type { Locator } from './evidence.ts'

/** A place in words: `page 3`, `1:05 to 1:20`. */
export function locatorText({ page, startMs, endMs }: Locator): string {
  const times = [startMs, endMs].flatMap(ms => (ms === undefined ? [] : [clockText(ms)]))
  return [...(page === undefined ? [] : [`page ${page}`]), ...(times.length === 0 ? [] : [times.join(' to ')])].join(
    ', ',
  )
}

function clockText(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return hours > 0
    ? `${hours}:${twoDigits(minutes)}:${twoDigits(seconds % 60)}`
    : `${minutes}:${twoDigits(seconds % 60)}`
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}
