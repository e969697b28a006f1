import type { Judged } from './policy.ts'
import type { PolicyFile } from './policy-schema.ts'
import { longestLabel } from './signs/own-signs.ts'

/**
 * Answers as the judges of a policy were fitted on them: up to schema 6 by letters and figures alone, so that `1.5` was `15`. Of what
 * comes out, today's comparison takes nothing more away, and what was too long for a label still is. Pure.
 */
export function asFitted<Answer extends Judged>(
  schema: PolicyFile['schema'] | undefined,
  answers: readonly Answer[],
): readonly Answer[] {
  return schema === undefined || schema > 6 ? answers : answers.map(withoutAnyMarks)
}

function withoutAnyMarks<Answer extends Judged>(judged: Answer): Answer {
  const { answer } = judged
  if (answer === undefined) return judged
  const plain = answer.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
  const isLabel = answer.length <= longestLabel
  return {
    ...judged,
    // Blanks count for nothing but length.
    answer: isLabel ? plain : plain.padEnd(longestLabel + 1),
    outputChars: judged.outputChars ?? answer.length,
  }
}
