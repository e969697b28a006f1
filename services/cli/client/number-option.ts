import { CommandFault } from './failure.ts'

/** The numbers that an option or a field takes. */
export interface NumberRange {
  readonly from: number
  readonly to: number
  /** Only above `from`, not `from` itself. */
  readonly above?: true
  readonly whole?: true
  readonly unit?: string
}

/** The numbers that a request takes, by the fields of a row of `--jsonl`. */
export const requestRanges = {
  maxOutputTokens: { from: 1, to: 131_072, whole: true },
  temperature: { from: 0, to: 2 },
  deadlineSeconds: { from: 0, to: 30 * 86_400, above: true, unit: 'seconds' },
  maxCostUsd: { from: 0, to: 9_000_000, unit: 'US dollars' },
  maxRisk: { from: 0, to: 1 },
  minQuality: { from: 0, to: 1 },
} as const satisfies Readonly<Record<string, NumberRange>>

/** Reads the number of an option. @throws CommandFault with the range when it is none or out of range */
export function readNumber(option: string, text: string, range: NumberRange): number {
  const value = Number(text)
  if (text.trim() === '' || !isWithin(value, range)) {
    throw new CommandFault(`${option}: expected ${rangeText(range)}, got ${JSON.stringify(text)}`)
  }
  return value
}

/** Whether a number is in a range. */
export function isWithin(value: number, { from, to, above, whole }: NumberRange): boolean {
  if (!Number.isFinite(value) || (whole === true && !Number.isInteger(value))) return false
  return (above === true ? value > from : value >= from) && value <= to
}

/** A range in words: `a whole number from 1 to 1000`. */
export function rangeText({ from, to, above, whole, unit }: NumberRange): string {
  const what = whole === true ? 'a whole number' : 'a number'
  const bounds = above === true ? `above ${from} and at most ${to}` : `from ${from} to ${to}`
  return `${what} ${unit === undefined ? '' : `of ${unit} `}${bounds}`
}
