import { openFrom } from './open-from.ts'
import { contextCharacters, type Rule, type Span } from './rule.ts'

/** Rewrites a text that comes in pieces. What it gives does not depend on where the pieces end. */
export interface Rewriter {
  /** Takes a piece; gives what is decided by now. */
  push(piece: string): string
  /** Gives the rest. */
  end(): string
}

/** What is put for a finding; `undefined` leaves it. */
export type Replace = (rule: Rule, data: string) => string

/** Of two findings that overlap, the one that begins first is taken; of two at one place, that of the earlier rule. */
export function createRewriter(rules: readonly Rule[], replace: Replace): Rewriter {
  let text = ''
  /** Up to here the text is given out; what is before it is context. */
  let cursor = 0

  const firstOf = (pending: Map<Rule, Span | undefined>): readonly [Rule, Span] | undefined => {
    let first: readonly [Rule, Span] | undefined
    for (const rule of rules) {
      let span = pending.get(rule)
      if (span !== undefined && span.begin < cursor) {
        span = rule.find(text, cursor)
        pending.set(rule, span)
      }
      if (span !== undefined && (first === undefined || span.begin < first[1].begin)) first = [rule, span]
    }
    return first
  }

  const advance = (limit: number): string => {
    if (limit <= cursor) return ''
    const pending = new Map(rules.map(rule => [rule, rule.find(text, cursor)]))
    let out = ''
    for (;;) {
      const found = firstOf(pending)
      if (found === undefined || found[1].begin >= limit) break
      const [rule, { start, end }] = found
      out += text.slice(cursor, start) + replace(rule, text.slice(start, end))
      cursor = end
    }
    if (limit > cursor) {
      out += text.slice(cursor, limit)
      cursor = limit
    }
    const spare = cursor - contextCharacters
    if (spare > 0) {
      text = text.slice(spare)
      cursor -= spare
    }
    return out
  }

  return {
    push(piece) {
      text += piece
      return advance(openFrom(text, rules))
    },
    end: () => advance(text.length),
  }
}
