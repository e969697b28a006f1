import { createHash } from 'node:crypto'
import { withoutMarks } from '#services/decision/answers/without-marks'
import { longestLabel } from '#services/decision/calibrators/features/own-features'
import type { Outcome } from '#services/calibrate/states'

/** Longer than any label, so that it is taken for none. */
const digestCharacters = 32

/**
 * An outcome whose long answer is replaced by a digest of what answers are compared by: a long text is only ever
 * asked whether it is the same as another, at every fit and every step of every replay. Its length is kept.
 */
export function withComparableAnswer(outcome: Outcome): Outcome {
  const { answer, outputChars } = outcome
  if (answer === undefined || answer.length <= longestLabel) return outcome
  const text = withoutMarks(answer)
  // What is short but for punctuation may be the same as a label.
  if (text.length <= longestLabel) return outcome
  const digest = createHash('sha256').update(text).digest('hex').slice(0, digestCharacters)
  return { ...outcome, answer: digest, outputChars: outputChars ?? answer.length }
}
