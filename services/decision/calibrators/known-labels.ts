import type { ModelAnswer } from '#services/decision/policy/policy'
import type { PolicyFile } from '#services/decision/policy/policy-schema'
import { labelOf } from './features/own-features.ts'

/**
 * Where a label may begin in the name of a feature; names of models may look alike, so one too many is taken rather
 * than one too few.
 */
const beginsLabel = /(?<==label\.|=slope\.|\.against\.)/gu

/** The labels that anything in a policy has a weight for. Pure. */
export function labelsOf({
  calibrators,
  prospects,
  risk,
  labelModel,
}: Pick<PolicyFile, 'calibrators' | 'prospects' | 'risk' | 'labelModel'>): ReadonlySet<string> {
  const labels = new Set(labelModel?.labels)
  for (const { names } of [calibrators, prospects, risk.calibrators].flatMap(group => Object.values(group))) {
    for (const name of names) for (const { index } of name.matchAll(beginsLabel)) labels.add(name.slice(index))
  }
  return labels
}

/**
 * Answers with their comparable forms, computed once, and whether that is a
 * label. Of any other a calibrator has no weight, and features named after it would be names that nobody asks for, new
 * ones with each answer: five times the time, since no two such records are alike to V8. What is judged is the same.
 * Pure.
 */
export function withLabelsNoted<Answer extends ModelAnswer>(
  labels: ReadonlySet<string>,
  answers: readonly Answer[],
): readonly Answer[] {
  return answers.map(answer => {
    const comparable = labelOf(answer)
    return comparable === undefined ? answer : { ...answer, comparable, isLabel: labels.has(comparable) }
  })
}
