import type { GuardrailCheck } from '#services/contract/request'

/** A stretch of a text that a rule has found. */
export interface Span {
  /** Where what is recognised begins; a word before the data itself, such as `password:`, belongs to it. */
  readonly begin: number
  /** The data itself. */
  readonly start: number
  readonly end: number
}

/**
 * Finds one kind of data. Whether it finds something at a place depends on at most `longest` characters behind that
 * place and `contextCharacters` before it, so a text may be looked at piece by piece.
 */
export interface Rule {
  readonly check: GuardrailCheck
  /** What is found, in capitals, such as `EMAIL`. */
  readonly kind: string
  /** Most characters from the beginning of a finding to its end. */
  readonly longest: number
  /** A finding holds no white space. */
  readonly isToken: boolean
  /** The first finding that begins at `from` or behind it. */
  find(text: string, from: number): Span | undefined
}

/** Most characters before a finding that a rule reads. */
export const contextCharacters = 32

/** What a rule is made of. */
export interface PatternRule {
  readonly check: GuardrailCheck
  readonly kind: string
  /**
   * Global. Every repetition in it is bounded and no two that follow each other take the same characters, so its time
   * is linear in the text. A group named `data` is what is redacted; the whole match without one.
   */
  readonly pattern: RegExp
  readonly longest: number
  readonly isToken?: boolean
  /** A word that is in every text with a finding, tried first. */
  readonly needs?: string
  /** Judges what the pattern has found. */
  readonly accepts?: (data: string) => boolean
}

/** Makes a rule of a pattern. */
export function patternRule({ check, kind, pattern, longest, isToken = false, needs, accepts }: PatternRule): Rule {
  const hasData = pattern.source.includes('(?<data>')
  const matcher = new RegExp(pattern.source, hasData ? `${pattern.flags}d` : pattern.flags)
  return {
    check,
    kind,
    longest,
    isToken,
    find(text, from) {
      if (needs !== undefined && !text.includes(needs, from)) return undefined
      matcher.lastIndex = from
      for (;;) {
        const match = matcher.exec(text)
        if (match === null) return undefined
        const begin = match.index
        const [start, end] = match.indices?.groups?.['data'] ?? [begin, begin + match[0].length]
        if (accepts === undefined || accepts(text.slice(start, end))) return { begin, start, end }
        // What is refused here may hide a finding that begins inside of it.
        matcher.lastIndex = begin + 1
      }
    },
  }
}
