import { createRequire } from 'node:module'
import type { Group, Repetition, Root, Set as CharacterSet, Token, types } from 'ret'

/** Its types speak of named exports; what Node gives is this function with its kinds of tokens. */
const tokenize = createRequire(import.meta.url)('ret') as ((pattern: string) => Root) & { readonly types: typeof types }
const kinds = tokenize.types

/** From one code point to another, both within. */
type Range = readonly [number, number]

const lastCodePoint = 0x10_ff_ff
/** What a JSON string cannot hold as it is, and halves of surrogate pairs. */
const unwritable: readonly Range[] = [
  [0, 0x1f],
  [0x22, 0x22],
  [0x5c, 0x5c],
  [0xd8_00, 0xdf_ff],
]
/** What a rule may grow to: repetitions are written out. */
const mostParts = 1000

/** What the reader of expressions takes for something else: properties, braced escapes, names, lazy repetitions. */
const misread = /\\[pPk]|\\u\{|[*+?}]\?/u

/** What is more than a grammar expresses, or larger. */
class Inexpressible extends Error {}

/**
 * The rule of a JSON string that a regular expression matches, of what is written without escapes; `undefined` for an
 * expression that looks around, refers back, has anchors within, or repeats without measure.
 */
export function patternRule(pattern: string): string | undefined {
  if (misread.test(pattern)) return undefined
  try {
    const root = tokenize(pattern)
    const alternatives = (root.options ?? [root.stack ?? []]).map(whole)
    return `"\\"" (${alternatives.map(({ text }) => text).join(' | ')}) "\\""`
  } catch {
    return undefined
  }
}

/** A rule and how many parts it is written out to. */
interface Part {
  readonly text: string
  readonly parts: number
}

/** An alternative of the whole: without an anchor anything may stand there. */
function whole(tokens: readonly Token[]): Part {
  const first = tokens[0]
  const last = tokens.at(-1)
  const begins = first?.type === kinds.POSITION && first.value === '^'
  const ends = last?.type === kinds.POSITION && last.value === '$'
  const inner = sequence(tokens.slice(begins ? 1 : 0, ends ? tokens.length - 1 : tokens.length))
  const any = `${classOf([[0, lastCodePoint]])}*`
  return {
    ...inner,
    text: [begins ? '' : any, inner.text, ends ? '' : any].filter(text => text !== '').join(' ') || '""',
  }
}

function sequence(tokens: readonly Token[]): Part {
  const parts = tokens.map(partOf)
  return measured({ text: parts.map(({ text }) => text).join(' '), parts: sum(parts) })
}

function partOf(token: Token): Part {
  if (token.type === kinds.CHAR) return { text: classOf([[token.value, token.value]]), parts: 1 }
  if (token.type === kinds.SET) return { text: classOf(rangesOf(token)), parts: 1 }
  if (token.type === kinds.GROUP) return groupOf(token)
  if (token.type === kinds.REPETITION) return repeated(token)
  throw new Inexpressible()
}

function groupOf({ followedBy, notFollowedBy, lookBehind, options, stack }: Group): Part {
  if ([followedBy, notFollowedBy, lookBehind].includes(true)) throw new Inexpressible()
  const alternatives = (options ?? [stack ?? []]).map(sequence)
  const text = alternatives.map(one => (one.text === '' ? '""' : one.text)).join(' | ')
  return measured({ text: `(${text})`, parts: sum(alternatives) })
}

function repeated({ value, min, max }: Repetition): Part {
  const { text, parts } = partOf(value)
  const often = max === Infinity ? `{${min},}` : `{${min},${max}}`
  return measured({ text: `${text}${often}`, parts: parts * Math.max(1, max === Infinity ? min : max) })
}

function measured(part: Part): Part {
  if (part.parts > mostParts) throw new Inexpressible()
  return part
}

function sum(parts: readonly Part[]): number {
  return parts.reduce((total, one) => total + one.parts, 0)
}

function rangesOf({ set, not }: CharacterSet): readonly Range[] {
  const ranges = set.flatMap((one): readonly Range[] => {
    if (one.type === kinds.CHAR) return [[one.value, one.value]]
    return one.type === kinds.RANGE ? [[one.from, one.to]] : rangesOf(one)
  })
  return not ? without([[0, lastCodePoint]], ranges) : ranges
}

/** A class of characters in escapes alone, which mean the same within and without. */
function classOf(ranges: readonly Range[]): string {
  const left = without(ranges, unwritable)
  if (left.length === 0 || ranges.some(([from, to]) => from > to)) throw new Inexpressible()
  return `[${left.map(([from, to]) => (from === to ? escaped(from) : `${escaped(from)}-${escaped(to)}`)).join('')}]`
}

function without(ranges: readonly Range[], cut: readonly Range[]): readonly Range[] {
  return cut.reduce<readonly Range[]>(
    (left, [from, to]) =>
      left.flatMap((range): readonly Range[] => {
        if (to < range[0] || from > range[1]) return [range]
        const before: readonly Range[] = range[0] < from ? [[range[0], from - 1]] : []
        const after: readonly Range[] = range[1] > to ? [[to + 1, range[1]]] : []
        return [...before, ...after]
      }),
    ranges,
  )
}

function escaped(code: number): string {
  return `\\U${code.toString(16).padStart(8, '0')}`
}
