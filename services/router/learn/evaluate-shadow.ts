import { answerText } from '#services/contract/answer'
import type { Called, Estimate, Policy } from '#services/decision/policy/policy'
import { limitsOf, nextStep } from '#services/router/ladders/next-step'
import { noComparison, type Comparison } from '#services/router/policies/comparison'
import type { Reserved, Finished, CandidateRung } from '#services/router/request/states'
import { answeredRungs, type AnsweredRung } from './record-of.ts'

/**
 * What another policy would have done with a request, as far as the answers that were given tell; `undefined` where
 * circumstances and not the policy decided. It calls nothing: where it wants a rung that was not called, that call
 * is its last and its cost the predicted one. Pure.
 */
export function evaluateShadow(
  reserved: Reserved,
  finished: Finished,
  policy: Policy,
  estimate: Estimate,
): Comparison | undefined {
  const { end, legs } = finished
  const { model, tier } = reserved.request.constraints
  if (end.kind !== 'answered' || end.answer.degraded !== undefined) return undefined
  if (model !== undefined || tier !== undefined || legs.some(leg => leg.end?.kind !== 'done')) return undefined
  const known = answeredRungs(finished)
  const thought = replayShadow(reserved, known, policy, estimate)
  const order = reserved.guided.ladder.rungs.map(rung => rung.name)
  const further = Math.sign(order.indexOf(thought.answer) - order.indexOf(end.answer.model))
  return {
    ...noComparison,
    requests: 1,
    same: Number(further === 0),
    escalatesMore: Number(further > 0),
    stopsSooner: Number(further < 0),
    openEnded: Number(thought.openEnded),
    activeCascades: Number(known.some(one => one.rung !== order[0])),
    shadowCascades: Number(thought.calls.some(call => call !== order[0])),
    activeCostNanoUsd: known.reduce((sum, one) => sum + one.end.receipt.costNanoUsd, 0),
    shadowCostNanoUsd: thought.costNanoUsd,
  }
}

interface Thought {
  readonly calls: readonly string[]
  readonly answer: string
  readonly costNanoUsd: number
  readonly openEnded: boolean
}

function replayShadow(
  { guided, candidateRungs, request }: Reserved,
  known: readonly AnsweredRung[],
  policy: Policy,
  estimate: Estimate,
): Thought {
  let called: readonly Called[] = []
  const limits = limitsOf(request.constraints)
  const kept = candidateRungs.filter(one => one.removedBy === undefined)
  let costNanoUsd = 0
  for (;;) {
    const open = kept.filter(one => !called.some(call => call.model === one.rung.name))
    const step = nextStep({ guided: { ladder: guided.ladder, policy }, estimate, called, open, limits })
    const calls = called.map(call => call.model)
    const wanted = step.kind === 'call' ? open.find(one => one.rung.name === step.model) : undefined
    if (wanted === undefined) return { calls, answer: step.model, costNanoUsd, openEnded: false }
    const answered = known.find(one => one.rung === step.model)
    if (answered === undefined) {
      const cost = costNanoUsd + (wanted.predictedCostNanoUsd ?? 0)
      return { calls: [...calls, step.model], answer: step.model, costNanoUsd: cost, openEnded: mayGoOn(open, wanted) }
    }
    called = assess([...called, answerOf(answered)], policy, estimate)
    costNanoUsd += answered.end.receipt.costNanoUsd
  }
}

/** After the last rung there is nothing left to want. */
function mayGoOn(open: readonly CandidateRung[], wanted: CandidateRung): boolean {
  return open.at(-1) !== wanted
}

function answerOf({ rung, end }: AnsweredRung): Called {
  const answer = answerText(end.result.output)
  const { rawConfidence, signals } = end.result
  const costNanoUsd = end.receipt.costNanoUsd
  return {
    model: rung,
    rawConfidence,
    signals,
    answer,
    outputChars: answer.length,
    confidence: rawConfidence,
    costNanoUsd,
  }
}

function assess(called: readonly Called[], policy: Policy, estimate: Estimate): readonly Called[] {
  const confidences = policy.confidences(called, estimate)
  return called.map((one, index) => ({ ...one, confidence: confidences[index] ?? one.confidence }))
}
