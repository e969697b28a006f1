import type { RungReport } from '#services/contract/answer'
import { addNanoUsd } from '#services/contract/money'
import { trustedBy } from '#services/decision/domain/check-domain'
import type { Estimate } from '#services/decision/policy/policy'
import { modalitiesOf } from '#services/router/cascade/cascade'
import type { Admitted, Chosen, Finished, CandidateRung } from '#services/router/request/states'
import type { CascadeState, LegState } from '#services/state/cascade-log/cascade-log'
import type {
  WatchedCandidate,
  WatchedDecision,
  WatchedEnd,
  WatchedLeg,
  WatchedLimits,
  WatchedRequest,
} from './watched-request.ts'

/** A request that was admitted and not yet decided. */
export function describeAdmitted(admitted: Admitted, at: number): WatchedRequest {
  const { requestId, caller, request, mode, modalities } = admitted
  const { constraints } = request
  return {
    id: requestId,
    at,
    tenant: caller.tenant,
    task: request.task,
    mode,
    modalities,
    limits: limitsOf({ ...constraints, deadlineMs: admitted.deadlineAt - at }),
    stages: [],
    legs: [],
  }
}

/** What was decided on it. */
export function describeChosen({
  guided,
  estimate,
  candidateRungs,
  firstStep,
  reserveNanoUsd,
}: Chosen): WatchedDecision {
  const { policy, ladder } = guided
  return {
    ladder: ladder.name,
    policyVersion: policy?.version ?? 'none',
    candidates: candidateRungs.map(one => candidateOf(one, estimate)),
    ...predictedBy(estimate),
    firstRung: firstStep.model,
    firstReason: firstStep.reason,
    reserveNanoUsd,
  }
}

/** How a cascade ended. */
export function describeEnd({ end, endedAt, request, legs }: Finished): WatchedEnd {
  const reports = end.kind === 'answered' ? end.answer.rungs : end.rungs
  const common = {
    kind: end.kind,
    atMs: endedAt - request.submittedAt,
    costNanoUsd: costOf(legs, reports),
    skipped: reports.filter(report => report.verdict === 'skipped'),
  }
  if (end.kind === 'cancelled') return common
  if (end.kind === 'failed') return { ...common, code: end.code, message: end.message }
  const { model, tier, confidence, degraded } = end.answer
  return { ...common, model, tier, confidence, ...(degraded === undefined ? {} : { degraded }) }
}

/** Legs as the log has them, with their receipts; `tierOf` gives the tiers of rungs without a verdict. */
export function describeLegs(
  legs: readonly LegState[],
  reports: readonly RungReport[],
  at: number,
  tierOf: (rung: string) => string = () => '',
): WatchedLeg[] {
  return legs.map(leg => {
    const report = leg.report ?? reports.find(one => one.model === leg.rung && one.verdict !== 'skipped')
    return {
      model: leg.rung,
      tier: report?.tier ?? tierOf(leg.rung),
      pool: leg.pool,
      plannedMs: leg.plannedAt - at,
      ...(leg.purpose === undefined ? {} : { purpose: leg.purpose }),
      ...assessedAs(report),
      ...endedAs(leg, at),
    }
  })
}

/** What a plan lacks that was made without a policy. */
const noEstimate: Estimate = { difficulty: 0, models: {}, features: {}, fallback: 'no-estimator' }

/** A request that only the log knows: another router's, or one of long ago. */
export function describeState(
  state: Pick<CascadeState, 'request' | 'plan' | 'legs' | 'end' | 'endedAt'>,
): WatchedRequest {
  const { request, plan, legs, end, endedAt } = state
  const known = plan.estimate as Partial<Estimate> | null
  const estimate: Estimate = known?.difficulty === undefined ? { ...noEstimate, ...known } : (known as Estimate)
  const reports = end === undefined ? [] : end.kind === 'answered' ? end.answer.rungs : end.rungs
  const planned = plan.rungs.map(({ name, reserveNanoUsd }): WatchedCandidate => ({
    model: name,
    tier: reports.find(report => report.model === name)?.tier ?? '',
    ...qualityOf(name, estimate),
    reserveNanoUsd,
  }))
  const left = (plan.leftOut ?? []).map(({ name, by, why }): WatchedCandidate => ({
    model: name,
    tier: '',
    removedBy: by,
    removedWhy: why,
  }))
  const finished = { requestId: request.requestId, request, plan, legs }
  return {
    id: request.requestId,
    at: request.submittedAt,
    tenant: request.tenant,
    task: request.task,
    mode: request.mode,
    modalities: modalitiesOf(request.parts),
    limits: limitsOf({ ...request.constraints, deadlineMs: request.deadlineAt - request.submittedAt }),
    stages: [],
    decision: {
      ladder: plan.ladder,
      policyVersion: plan.policyVersion,
      candidates: [...planned, ...left],
      ...predictedBy(estimate),
      reserveNanoUsd: plan.heldNanoUsd,
    },
    legs: describeLegs(legs, reports, request.submittedAt),
    ...(end === undefined ? {} : { end: describeEnd({ ...finished, end, endedAt: endedAt ?? request.deadlineAt }) }),
  }
}

function limitsOf(constraints: WatchedLimits): WatchedLimits {
  const { maxCostNanoUsd, maxRisk, minQuality, deadlineMs, model, tier, priority } = constraints
  return { maxCostNanoUsd, maxRisk, minQuality, deadlineMs, model, tier, priority } as WatchedLimits
}

function predictedBy({
  difficulty,
  domain,
  features,
  fallback,
}: Estimate): Pick<WatchedDecision, 'difficulty' | 'outOfDomain' | 'features'> {
  return {
    features,
    // What nothing estimated is no number.
    ...(fallback === undefined ? { difficulty: 1 - trustedBy(domain, 1 - difficulty) } : {}),
    ...(domain?.outOfDomain === true ? { outOfDomain: true as const } : {}),
  }
}

function candidateOf(one: CandidateRung, estimate: Estimate): WatchedCandidate {
  const { rung, predictedQuality, predictedCostNanoUsd, predictedLatencyMs, predictedWaitMs, reserveNanoUsd } = one
  return {
    model: rung.name,
    tier: rung.model.tier,
    waitMs: predictedWaitMs,
    reserveNanoUsd,
    ...(predictedQuality === undefined ? {} : { quality: trustedBy(estimate.domain, predictedQuality) }),
    ...(predictedCostNanoUsd === undefined ? {} : { costNanoUsd: predictedCostNanoUsd }),
    ...(predictedLatencyMs === undefined ? {} : { latencyMs: predictedLatencyMs }),
    ...(one.removedBy === undefined ? {} : { removedBy: one.removedBy, removedWhy: one.removedWhy ?? '' }),
  }
}

function qualityOf(rung: string, { models, domain }: Estimate): Pick<WatchedCandidate, 'quality'> {
  const quality = models[rung]?.quality
  return quality === undefined ? {} : { quality: trustedBy(domain, quality) }
}

function assessedAs(report: RungReport | undefined): Partial<WatchedLeg> {
  if (report === undefined) return {}
  const { verdict, reason, confidence, costNanoUsd } = report
  return { verdict, reason, costNanoUsd, ...(confidence === undefined ? {} : { confidence }) }
}

function endedAs({ end }: LegState, at: number): Partial<WatchedLeg> {
  if (end === undefined) return {}
  const { usage, costNanoUsd, workerId, attempt, startedAt, endedAt } = end.receipt
  return {
    receipt: { usage, costNanoUsd, workerId, attempt, fromMs: startedAt - at, untilMs: endedAt - at },
    ...(end.kind === 'failed' ? { failure: end.reason } : {}),
  }
}

function costOf(legs: readonly LegState[], reports: readonly RungReport[]): number {
  const receipts = legs.flatMap(leg => leg.end?.receipt.costNanoUsd ?? [])
  return addNanoUsd(...(receipts.length > 0 ? receipts : reports.map(report => report.costNanoUsd)))
}
