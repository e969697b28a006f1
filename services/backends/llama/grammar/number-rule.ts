/** Bounds of a number, as a schema has them. */
export interface NumberBounds {
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
}

/** The largest integer that is written where none is named: every one of fewer digits is exact in JSON. */
const largest = 999_999_999_999_999

/** The rule of an integer within bounds; `undefined` where there is none within. */
export function integerRule(bounds: NumberBounds): string | undefined {
  const { minimum = -largest, maximum = largest, exclusiveMinimum = -Infinity, exclusiveMaximum = Infinity } = bounds
  const low = Math.max(Math.ceil(minimum), Math.floor(exclusiveMinimum) + 1)
  const high = Math.min(Math.floor(maximum), Math.ceil(exclusiveMaximum) - 1)
  if (!(low <= high) || low < -largest || high > largest) return undefined
  const negative = low < 0 ? [`"-" (${naturalRule(Math.max(1, -high), -low)})`] : []
  const natural = high >= 0 ? [naturalRule(Math.max(0, low), high)] : []
  return [...negative, ...natural].join(' | ')
}

/** The rule of a number that is over, or not under, 0: other bounds of fractions no grammar expresses shortly. */
export function numberRule(bounds: NumberBounds): string | undefined {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = bounds
  if (maximum !== undefined || exclusiveMaximum !== undefined) return undefined
  const positive = '[1-9] [0-9]{0,14} ("." [0-9]{1,6})? | "0." [0-9]{0,5} [1-9]'
  if (exclusiveMinimum === 0) return positive
  return minimum === 0 && exclusiveMinimum === undefined ? `"0" | ${positive}` : undefined
}

/** Numbers from one to another, each without a sign and leading zeros: by their count of digits. */
function naturalRule(low: number, high: number): string {
  const rules: string[] = []
  for (let digits = String(low).length; digits <= String(high).length; digits += 1) {
    const from = Math.max(low, digits === 1 ? 0 : 10 ** (digits - 1))
    rules.push(between(String(from), String(Math.min(high, 10 ** digits - 1))))
  }
  return rules.join(' | ')
}

/** Numbers of one count of digits. */
function between(from: string, to: string): string {
  const [first = '', last = ''] = [from[0], to[0]]
  const rest = from.length - 1
  const [fromRest, toRest] = [from.slice(1), to.slice(1)]
  if (rest === 0) return `[${first}-${last}]`
  if (first === last) return `"${first}" (${between(fromRest, toRest)})`
  const isWhole = [fromRest === '0'.repeat(rest), toRest === '9'.repeat(rest)]
  const inner = {
    from: Number(first) + (isWhole[0] === true ? 0 : 1),
    to: Number(last) - (isWhole[1] === true ? 0 : 1),
  }
  return [
    ...(isWhole[0] === true ? [] : [`"${first}" (${between(fromRest, '9'.repeat(rest))})`]),
    ...(inner.from <= inner.to ? [`[${inner.from}-${inner.to}] [0-9]{${rest}}`] : []),
    ...(isWhole[1] === true ? [] : [`"${last}" (${between('0'.repeat(rest), toRest)})`]),
  ].join(' | ')
}
