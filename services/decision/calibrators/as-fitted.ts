import type { Judged } from '#services/decision/policy/policy'
import type { PolicyFile } from '#services/decision/policy/policy-schema'

/** Answers as the judges of a policy were fitted on them: up to schema 6 by letters and figures alone, so that `1.5` was `15`. Pure. */
export function asFitted<Answer extends Judged>(
  schema: PolicyFile['schema'] | undefined,
  answers: readonly Answer[],
): readonly Answer[] {
  return schema === undefined || schema > 6 ? answers : answers.map(withoutAnyMarks)
}

function withoutAnyMarks<Answer extends Judged>(judged: Answer): Answer {
  const { answer } = judged
  if (answer === undefined) return judged
  return { ...judged, comparable: answer.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '') }
}
