import type { TimedText, TranscriptSegment } from '#services/contract/answer'

/** A pause between two words that ends a segment. */
const pauseMs = 1000
/** Two lines of a subtitle. */
const mostCharacters = 84
const sentenceEnd = /[.!?…。！？][\p{Pe}\p{Pf}"']?$/u

/** Gathers words to segments: a sentence, or what is spoken without a pause, at most two lines long. Pure. */
export function segmentWords(words: readonly TimedText[], withWords: boolean): readonly TranscriptSegment[] {
  const groups: TimedText[][] = []
  for (const word of words) {
    const group = groups.at(-1)
    if (group === undefined || endsBefore(group, word)) groups.push([word])
    else group.push(word)
  }
  return groups.map(group => ({
    text: textOf(group),
    startMs: Math.round(group[0]!.startMs),
    endMs: Math.round(group.at(-1)!.endMs),
    ...(withWords && { words: group.map(trimmed) }),
  }))
}

function endsBefore(group: readonly TimedText[], next: TimedText): boolean {
  const last = group.at(-1)!
  return (
    sentenceEnd.test(last.text) ||
    next.startMs - last.endMs >= pauseMs ||
    textOf(group).length + next.text.length > mostCharacters
  )
}

function textOf(group: readonly TimedText[]): string {
  return group
    .map(({ text }) => text)
    .join('')
    .trim()
}

function trimmed({ text, startMs, endMs }: TimedText): TimedText {
  return { text: text.trim(), startMs: Math.round(startMs), endMs: Math.round(endMs) }
}
