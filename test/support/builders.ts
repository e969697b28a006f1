import type { ModelCard, ModelSpec, Rung } from '#services/contract/model'
import { createRequestId } from '#services/contract/ids'
import type { CandidateRung } from '#services/router/request/states'
import type { CascadePlan, CascadeRequest, LegEnd, PlannedLeg, Receipt } from '#services/state/cascade-log/cascade-log'
import { noWork } from '#services/state/service-times/workload'

/** The card of a model that nobody trained. */
function modelCard(more: Partial<ModelCard> = {}): ModelCard {
  return { title: 'm', licence: 'none', source: 'none', trainingData: 'none', limits: 'none', ...more }
}

/** A model of pool `p` that generates text and costs nothing. */
function modelSpec(more: Partial<ModelSpec> = {}): ModelSpec {
  const { name = 'm' } = more
  return {
    name,
    tasks: ['generate'],
    modalities: ['text'],
    tier: 'tier',
    pool: 'p',
    price: {},
    card: modelCard({ title: name }),
    ...more,
  }
}

/** A rung that asks such a model plainly. */
export function rungOf(model: Partial<ModelSpec> = {}, more: Partial<Rung> = {}): Rung {
  const spec = modelSpec(model)
  return { name: spec.name, model: spec, recipe: {}, ...more }
}

/** A candidate that no filter has removed. */
export function candidateOf(rung: Rung, more: Partial<CandidateRung> = {}): CandidateRung {
  return { rung, reserveNanoUsd: 100, predictedCostNanoUsd: 50, predictedWaitMs: 0, neededMs: 0, ...more }
}

/** A request of a waiting caller as the log keeps it: five seconds are left. */
export function cascadeRequest(more: Partial<CascadeRequest> = {}): CascadeRequest {
  const nowMs = Date.now()
  return {
    requestId: createRequestId(nowMs),
    tenant: 't',
    mode: 'sync',
    idempotent: false,
    task: 'generate',
    options: {},
    parts: [{ kind: 'text', text: 'q' }],
    work: noWork,
    constraints: { priority: 'normal' },
    labels: {},
    submittedAt: nowMs,
    deadlineAt: nowMs + 5000,
    ...more,
  }
}

/** The plan of a cascade over rungs that reserve 100 each. */
export function cascadePlan(
  holdId: string,
  rungs: readonly string[] = ['m'],
  more: Partial<CascadePlan> = {},
): CascadePlan {
  return {
    ladder: 'l',
    policyVersion: 'v',
    estimate: {},
    rungs: rungs.map(name => ({ name, reserveNanoUsd: 100 })),
    holdId,
    heldNanoUsd: 100 * rungs.length,
    ...more,
  }
}

/** A leg that is planned: the first of a cascade, in pool `p`. */
export function plannedLeg(more: Partial<PlannedLeg> = {}): PlannedLeg {
  return { index: 0, rung: 'm', pool: 'p', plannedAt: 0, ...more }
}

/** What a leg used: 3 tokens for 100 nano-dollars. */
export function receiptOf(more: Partial<Receipt> = {}): Receipt {
  return {
    usage: { outputTokens: 3 },
    costNanoUsd: 100,
    workerId: 'w',
    attempt: 1,
    startedAt: 0,
    endedAt: 1,
    ...more,
  }
}

/** The end of a leg that answered with text. */
export function answerOf(text: string, rawConfidence = 0.9, receipt: Partial<Receipt> = {}): LegEnd & { kind: 'done' } {
  const whole = receiptOf(receipt)
  return {
    kind: 'done',
    result: { output: { kind: 'text', text }, rawConfidence, signals: {}, usage: whole.usage },
    receipt: whole,
  }
}
