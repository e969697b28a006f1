import { withoutFence } from './fences.ts'

/** No pattern is run over more than this. */
const mostCharacters = 65_536

/**
 * Whether the whole answer matches a pattern. Its time is not bounded by the length of the answer: run it where it
 * can be stopped.
 */
export function matches(answer: string, pattern: string): boolean {
  const text = withoutFence(answer)
  return text.length <= mostCharacters && new RegExp(`^(?:${pattern})$`, 'u').test(text)
}

/** What of a text is the answer: the first group of the pattern's last match, or the match; `undefined` without one. */
export function answerIn(text: string, pattern: string): string | undefined {
  let last: RegExpExecArray | undefined
  for (const match of text.slice(-mostCharacters).matchAll(new RegExp(pattern, 'gu'))) last = match
  return (last?.[1] ?? last?.[0])?.trim()
}
