import type { Rule } from './rule.ts'

const space = /\s/u

/**
 * Where the part of a text begins that what comes behind it may still turn into a finding. Before it everything is
 * decided.
 */
export function openFrom(text: string, rules: readonly Rule[]): number {
  const phrase = Math.max(0, ...rules.filter(rule => !rule.isToken).map(rule => rule.longest + 1))
  const token = Math.max(0, ...rules.filter(rule => rule.isToken).map(rule => rule.longest + 1))
  const least = Math.max(0, text.length - token)
  let run = text.length
  while (run > least && !space.test(text[run - 1] ?? ' ')) run -= 1
  const open = Math.max(0, Math.min(run, text.length - phrase))
  // A pair of surrogates stays together.
  return isLowSurrogate(text, open) && open > 0 ? open - 1 : open
}

function isLowSurrogate(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 0xdc00 && code <= 0xdfff
}
