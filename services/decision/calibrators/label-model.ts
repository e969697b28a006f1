import type { ModelAnswer } from '#services/decision/policy/policy'
import type { LabelModel } from '#services/decision/policy/policy-schema'
import { labelOf, logit } from './features/own-features.ts'

/** Two labels whose chances differ by more than this many nats are as far apart as can be. */
const farthest = 8
/** Deviations of confidence beyond this are clipped. */
const mostDeviations = 4

/**
 * P(label) of every label, given what several models said: a multinomial logit of who said what, and how surely. A
 * model that is known to say `fear` where it is `surprise` speaks for both. Empty where no answer is one of the
 * labels. Pure.
 * @source Dawid, Skene, Maximum likelihood estimation of observer error-rates (1979), for labels of several
 * observers; here discriminative
 */
export function labelChances(model: LabelModel, answers: readonly ModelAnswer[]): ReadonlyMap<string, number> {
  const logits = Float64Array.from(model.bias)
  let said = 0
  for (const answer of answers) {
    const votes = votesOf(model, answer)
    if (votes === undefined) continue
    said += 1
    for (const { weights, factor } of votes) {
      for (let at = 0; at < logits.length; at += 1) logits[at]! += factor * weights[at]!
    }
  }
  if (said === 0) return new Map()
  const chances = softmax(logits)
  return new Map(model.labels.map((label, index) => [label, chances[index]!]))
}

/**
 * What the labels of all answers say of one: how likely its own is, and by how much more than any other that was
 * given. Nothing of an answer that stands alone, whose label and confidence say all there is, or that is none of
 * the labels. Pure.
 */
export function labelFeatures(
  modelAnswer: ModelAnswer,
  others: readonly ModelAnswer[],
  chances: ReadonlyMap<string, number>,
): Readonly<Record<string, number>> {
  const label = labelOf(modelAnswer)
  const chance = label === undefined ? undefined : chances.get(label)
  if (label === undefined || chance === undefined || others.length === 0) return {}
  const odds = logit(chance)
  const rivals = others.flatMap(other => rivalChance(label, other, chances))
  const lead = rivals.length === 0 ? 0 : logOf(chance) - logOf(Math.max(...rivals))
  return {
    '=labels': 1,
    '=labels.odds': odds,
    [`=labels.odds.${others.length}`]: odds,
    '=labels.lead': within(lead),
    [`=labels.lead.${others.length}`]: within(lead),
    '=labels.first': Math.sign(lead),
  }
}

/** The chance of another's label where it is another label. */
function rivalChance(
  label: string,
  other: ModelAnswer,
  chances: ReadonlyMap<string, number>,
): number | readonly number[] {
  const said = labelOf(other)
  return said === undefined || said === label ? [] : (chances.get(said) ?? [])
}

function logOf(chance: number): number {
  return Math.log(Math.max(Number.MIN_VALUE, chance))
}

function within(lead: number): number {
  return Math.max(-farthest, Math.min(farthest, lead))
}

/** How sure a model is, in deviations from how sure it usually is, no more than so many; 0 where it does not say. */
export function surenessOf(
  { mean, scale }: { readonly mean: number; readonly scale: number },
  modelAnswer: ModelAnswer,
): number {
  if (modelAnswer.rawConfidence === undefined) return 0
  return Math.max(-mostDeviations, Math.min(mostDeviations, (logit(modelAnswer.rawConfidence) - mean) / scale))
}

/**
 * What an answer adds to the logits of the labels: for having been said, for its confidence, and for what of that
 * is above the usual.
 */
function votesOf(
  model: LabelModel,
  answer: ModelAnswer,
): readonly { readonly weights: readonly number[]; readonly factor: number }[] | undefined {
  const voter = Object.hasOwn(model.voters, answer.model) ? model.voters[answer.model] : undefined
  const said = model.labels.indexOf(labelOf(answer) ?? '')
  if (voter === undefined || said === -1) return undefined
  const sureness = surenessOf(voter, answer)
  return [
    { weights: voter.said[said]!, factor: 1 },
    { weights: voter.sure[said]!, factor: sureness },
    { weights: voter.surer[said]!, factor: Math.max(0, sureness) },
  ]
}

function softmax(logits: Float64Array): Float64Array {
  const most = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  const powers = logits.map(value => Math.exp(value - most))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map(value => value / sum)
}
