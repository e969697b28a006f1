import type { Output } from '#services/contract/answer'
import type { Task } from '#services/contract/content'
import { withoutMarks, wordsWithoutMarks } from './without-marks.ts'

/**
 * Whether two answers to one task say the same: labels by their first, read text but for case, layout and
 * punctuation outside numbers, other text but for case, space and such punctuation. `undefined` where sameness of
 * words is meaningless: vectors, pictures, and free text longer than a short answer.
 */
export function isSameAnswer(task: Task, a: Output, b: Output): boolean | undefined {
  const [one, other] = [comparable(task, a), comparable(task, b)]
  if (one === undefined || other === undefined) return undefined
  if (task === 'generate' && Math.max(one.length, other.length) > longestShortAnswer) return undefined
  return one === other
}

/** The answer in the form by which its task compares; `undefined` for vectors and pictures. */
export function comparable(task: Task, output: Output): string | undefined {
  if (output.kind === 'embedding' || output.kind === 'image') return undefined
  if (output.kind === 'labels') return comparableText(task, output.labels[0]?.label ?? '')
  return comparableText(task, output.text)
}

/** The same of an expected answer. */
export function comparableText(task: Task, text: string): string {
  const kept = (text.length > longestNormalised ? text : text.normalize('NFKC')).toLowerCase()
  if (task === 'classify') return kept.trim()
  // Layout is not what reading is about.
  if (task === 'ocr') return withoutMarks(kept)
  return wordsWithoutMarks(kept)
}

/** Normalising takes a time that grows with the square of combining marks: some ms for this many. */
const longestNormalised = 4096

/** Two good answers of more than about a line differ in words. */
const longestShortAnswer = 80
