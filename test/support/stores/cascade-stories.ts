import type { Reserved, Finished, CandidateRung, GuidedLadder } from '#services/router/request/states'
import type { LegState } from '#services/state/cascade-log/cascade-log'
import { createRequestId } from '#services/contract/ids'
import { noWork } from '#services/state/service-times/workload'
import type { Ladder, Rung } from '#services/contract/model'
import type { Estimate, Policy } from '#services/decision/policy/policy'

/** One rung that answered. */
export interface Told {
  readonly rung: string
  readonly text: string
  readonly confidence: number
  readonly costNanoUsd: number
}

/** A rung of a made ladder. */
function rungNamed(name: string): Rung {
  const card = { title: name, licence: 'none', source: 'none', trainingData: 'none', limits: 'none' }
  const model = { name, tasks: ['generate'], modalities: ['text'], tier: name, pool: name, price: {}, card } as const
  return { name, model, recipe: {} }
}

/**
 * A cascade over a made ladder as it was reserved, and as it ended: with the answer of the last rung that is told of.
 */
export function reportCascade(
  told: readonly Told[],
  policy: Policy,
  more: { readonly rungs?: readonly string[]; readonly maxRisk?: number; readonly model?: string } = {},
): { reserved: Reserved; finished: Finished } {
  const requestId = createRequestId(1)
  const rungs = (more.rungs ?? ['small', 'middle', 'large']).map(rungNamed)
  const ladder = { name: 'talk', task: 'generate', modalities: ['text'], rungs } as unknown as Ladder
  const guided: GuidedLadder = { ladder, policy }
  const estimate: Estimate = { difficulty: 0.5, models: {}, features: { 'text.log_words': 2 } }
  const constraints = { priority: 'normal', ...(more.model === undefined ? {} : { model: more.model }) } as const
  const receipt = { usage: {}, workerId: 'w', attempt: 1, startedAt: 10, endedAt: 30 }
  const legs = told.map(({ rung, text, confidence, costNanoUsd }, index): LegState => {
    const output = { kind: 'text', text } as const
    const result = { output, rawConfidence: confidence, signals: { seen: 1 }, usage: {} }
    return {
      index,
      rung,
      pool: rung,
      plannedAt: 0,
      attempt: 1,
      end: { kind: 'done', result, receipt: { ...receipt, costNanoUsd } },
    }
  })
  const reports = told.map(({ rung, confidence, costNanoUsd }) => {
    return {
      model: rung,
      tier: rung,
      verdict: 'accepted',
      reason: '',
      confidence,
      costNanoUsd,
      latencyMs: 1,
      usage: {},
    } as const
  })
  const last = told.at(-1)!
  const request = {
    requestId,
    tenant: 'acme',
    mode: 'sync',
    idempotent: false,
    task: 'generate',
    options: {},
    parts: [{ kind: 'text', text: 'words of a caller' }],
    work: noWork,
    constraints,
    labels: {},
    submittedAt: 0,
    deadlineAt: 1000,
  } as const
  const plan = { ladder: 'talk', policyVersion: policy.version, estimate, rungs: [], holdId: requestId, heldNanoUsd: 0 }
  const answer = {
    output: { kind: 'text', text: last.text },
    model: last.rung,
    tier: last.rung,
    confidence: last.confidence,
    rungs: reports,
    costNanoUsd: 0,
    usage: {},
    latencyMs: 1,
    policyVersion: policy.version,
  } as const
  const candidateRungs = rungs.map((rung, index): CandidateRung => {
    return { rung, reserveNanoUsd: 1000, predictedCostNanoUsd: 100 * (index + 1), predictedWaitMs: 0 } as CandidateRung
  })
  const reserved = {
    requestId,
    caller: { tenant: 'acme', credentialId: 'c', scopes: ['infer'] },
    request: { task: 'generate', parts: [], options: {}, labels: {}, constraints },
    parts: [{ kind: 'text', text: 'words of a caller' }],
    modalities: ['text'],
    mode: 'sync',
    submittedAt: 0,
    deadlineAt: 1000,
    guided,
    described: [{ kind: 'text', text: 'words of a caller' }],
    estimate,
    assessMs: 0,
    candidateRungs,
    firstStep: { kind: 'call', model: 'small', reason: '' },
    reserveNanoUsd: 1000,
    holdId: requestId,
  } as unknown as Reserved
  return { reserved, finished: { requestId, request, plan, legs, end: { kind: 'answered', answer }, endedAt: 40 } }
}
