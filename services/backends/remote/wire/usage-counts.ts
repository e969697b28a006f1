import type { Oddity } from '#services/backends/oddity'

/** Tokens that a server counts beside input and output. */
export interface ExtraTokens {
  readonly tokens: number
  /** Whether this spelling counts them apart from the input or output, where nothing else tells. */
  readonly apart: boolean
}

/** What a server has said of its use so far, as it counts. Absent fields were not told. */
export interface UsageCounts {
  readonly input?: number
  readonly output?: number
  readonly total?: number
  /** Input that was read from a cache. */
  readonly cached?: ExtraTokens
  /** Input that was written to a cache. */
  readonly written?: ExtraTokens
  /** Input that the server's own tools brought. */
  readonly toolUse?: ExtraTokens
  readonly reasoning?: ExtraTokens
  /** Seconds of sound. */
  readonly seconds?: number
  /** Whether a count was no whole number. */
  readonly malformed?: boolean
}

const inputFields = ['input', 'cached', 'written', 'toolUse'] as const
const outputFields = ['output', 'reasoning'] as const
type CountField = (typeof inputFields)[number] | (typeof outputFields)[number]

/**
 * Puts a later word of a server over an earlier one. Servers tell sums rather than steps, of input and output at
 * different times, and some end with zeros: so a side (input or output) is replaced only by a word that says
 * something of it.
 */
export function mergeUsage(before: UsageCounts | undefined, next: UsageCounts): UsageCounts {
  if (before === undefined) return next
  const hasInput = hasCount(next, inputFields)
  const hasOutput = hasCount(next, outputFields)
  const { total: totalBefore, ...kept } = before
  const total = hasInput || hasOutput ? next.total : totalBefore
  return {
    ...pick(next, [...inputFields, ...outputFields]),
    ...kept,
    ...(hasInput ? pick(next, inputFields) : {}),
    ...(hasOutput ? pick(next, outputFields) : {}),
    ...(total === undefined ? {} : { total }),
    ...(next.seconds ? { seconds: next.seconds } : {}),
    malformed: [before, next].some(({ malformed }) => malformed === true),
  }
}

function hasCount(counts: UsageCounts, fields: readonly CountField[]): boolean {
  return fields.some(field => tokensIn(counts[field]) > 0)
}

function pick(counts: UsageCounts, fields: readonly CountField[]): UsageCounts {
  return Object.fromEntries(fields.flatMap(field => (counts[field] === undefined ? [] : [[field, counts[field]]])))
}

function tokensIn(count: number | ExtraTokens | undefined): number {
  return typeof count === 'object' ? count.tokens : (count ?? 0)
}

/**
 * What a server says was used: cached and cache-written tokens are not among the input tokens, reasoning tokens not
 * among the output tokens.
 */
export interface ReportedUsage {
  readonly inputTokens?: number
  readonly outputTokens?: number
  readonly cachedTokens?: number
  readonly cacheWriteTokens?: number
  readonly reasoningTokens?: number
  /** What was odd about the counts. */
  readonly oddities: readonly Oddity[]
}

/**
 * Returns which counts are parts of others. Servers differ in it under the same names, so the total decides; where
 * there is none, or it fits no reading, what the spelling usually means. What is larger than a count is no part of
 * it.
 */
export function resolveUsage(counts: UsageCounts = {}): ReportedUsage {
  const { total, cached, written, toolUse, reasoning } = counts
  const { input, output } = sidesOf(counts)
  const readings = readingsOf({ input: input ?? 0, output: output ?? 0 }, { cached, written, toolUse, reasoning })
  const fitting = readings.find(reading => sumOf(reading) === total)
  const { inputTokens, outputTokens } = fitting ?? readings[0] ?? { inputTokens: 0, outputTokens: 0 }
  const isUneven = fitting === undefined && [total, input, output].every(count => count !== undefined)
  return {
    ...(input === undefined ? {} : { inputTokens: inputTokens + tokensIn(toolUse) }),
    ...(output === undefined ? {} : { outputTokens }),
    ...positive({
      cachedTokens: tokensIn(cached),
      cacheWriteTokens: tokensIn(written),
      reasoningTokens: tokensIn(reasoning),
    }),
    oddities: odditiesOf(counts, isUneven),
  }
}

function positive<Field extends string>(counts: Readonly<Record<Field, number>>): Partial<Record<Field, number>> {
  return Object.fromEntries(Object.entries<number>(counts).filter(([, tokens]) => tokens > 0)) as Partial<
    Record<Field, number>
  >
}

function odditiesOf({ malformed = false }: UsageCounts, isUneven: boolean): readonly Oddity[] {
  return [...(malformed ? (['usage-malformed'] as const) : []), ...(isUneven ? (['usage-total'] as const) : [])]
}

/** Input and output; the one that was not told is what is left of the total. */
function sidesOf({ total, input, output, ...extras }: UsageCounts): {
  readonly input: number | undefined
  readonly output: number | undefined
} {
  const { cached, written, toolUse, reasoning } = extras
  const apart = [cached, written, toolUse, reasoning].reduce((sum, extra) => sum + (extra?.apart ? extra.tokens : 0), 0)
  return { input: input ?? restOf(total, output, apart), output: output ?? restOf(total, input, apart) }
}

function restOf(total: number | undefined, known: number | undefined, apart: number): number | undefined {
  return total === undefined || known === undefined ? undefined : Math.max(0, total - known - apart)
}

/** One way to read the counts: what is left of input and output without those that are a part of them. */
interface Reading {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly extraTokens: number
  /** How often it goes against what the spelling usually means. */
  readonly flips: number
}

function sumOf({ inputTokens, outputTokens, extraTokens }: Reading): number {
  return inputTokens + outputTokens + extraTokens
}

/** Every way to read them that is possible, the usual first. */
function readingsOf(
  { input, output }: { readonly input: number; readonly output: number },
  extras: Readonly<Record<'cached' | 'written' | 'toolUse' | 'reasoning', ExtraTokens | undefined>>,
): readonly Reading[] {
  let readings: readonly Reading[] = [{ inputTokens: input, outputTokens: output, extraTokens: 0, flips: 0 }]
  for (const [name, { tokens = 0, apart = false } = {}] of Object.entries(extras)) {
    const side = name === 'reasoning' ? 'outputTokens' : 'inputTokens'
    readings = readings.flatMap(reading => {
      const extraTokens = reading.extraTokens + tokens
      const isApart = { ...reading, extraTokens, flips: reading.flips + Number(!apart && tokens > 0) }
      const isInside = {
        ...isApart,
        [side]: reading[side] - tokens,
        flips: reading.flips + Number(apart && tokens > 0),
      }
      return tokens > 0 ? [isApart, isInside] : [isApart]
    })
  }
  return readings
    .filter(({ inputTokens, outputTokens }) => inputTokens >= 0 && outputTokens >= 0)
    .toSorted((one, other) => one.flips - other.flips)
}
