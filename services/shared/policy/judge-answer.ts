import { standardise } from './featurize.ts'
import type { Called, Estimate, Judged } from './policy.ts'
import type { Judge } from './policy-schema.ts'

/** Every sign by which an answer is judged: its confidence, its signals, what was foreseen, and whether it agrees with the answer before. Pure. */
export function signsOf(
  judged: Judged,
  estimate: Estimate,
  before: readonly Called[],
): Readonly<Record<string, number>> {
  const raw = judged.rawConfidence ?? 0.5
  const last = before.at(-1)
  const foreseen = estimate.models[judged.model]?.quality ?? 0.5
  return {
    confidence: raw,
    confidence_logit: logit(raw),
    foreseen_logit: logit(foreseen),
    log_characters: Math.log1p(judged.outputChars ?? judged.answer?.length ?? 0),
    agrees: last === undefined ? 0 : agreement(last.answer, judged.answer),
    before_logit: last === undefined ? 0 : logit(last.confidence),
    ...Object.fromEntries(Object.entries(judged.signals ?? {}).map(([name, value]) => [`signal.${name}`, value])),
  }
}

/** P(correct) of an answer, in [0,1]. Pure. */
export function judgeAnswer(judge: Judge, signs: Readonly<Record<string, number>>): number {
  const values = standardise(signs, judge)
  return logistic(values.reduce((sum, value, index) => sum + value * (judge.weights[index] ?? 0), judge.bias))
}

/** 1 when two answers are the same but for case, space and punctuation, -1 when not. */
function agreement(a: string | undefined, b: string | undefined): number {
  return a !== undefined && b !== undefined && plain(a) === plain(b) ? 1 : -1
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
}

/** The log odds of a probability, kept within ±7. */
function logit(probability: number): number {
  const inside = Math.min(0.999, Math.max(0.001, probability))
  return Math.log(inside / (1 - inside))
}

/** The inverse of {@link logit}. */
function logistic(value: number): number {
  return 1 / (1 + Math.exp(-value))
}
