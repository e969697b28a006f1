import type { WatchedDecision, WatchedEnd, WatchedLeg, WatchedRequest } from '#services/router/watch/watched-request'

/** A request in a list. What is not known is null. */
export function summaryOf({ id, at, tenant, task, mode, modalities, decision, legs, end }: WatchedRequest): object {
  return {
    id,
    at,
    tenant,
    task,
    mode,
    modalities,
    ...decidedAs(decision),
    ...endedAs(end),
    costNanoUsd: end?.costNanoUsd ?? legs.reduce((sum, leg) => sum + (leg.costNanoUsd ?? 0), 0),
    legs: legs.filter(leg => leg.purpose === undefined || leg.purpose === 'answer').map(legSummaryOf),
  }
}

function decidedAs(decision: WatchedDecision | undefined): object {
  const { ladder, difficulty, outOfDomain } = decision ?? ({} as Partial<WatchedDecision>)
  return { ladder: ladder ?? null, difficulty: difficulty ?? null, outOfDomain: outOfDomain === true }
}

function endedAs(end: WatchedEnd | undefined): object {
  const { kind = 'running', atMs, model, confidence, degraded, code } = end ?? ({} as Partial<WatchedEnd>)
  const known = { ms: atMs, model, confidence, degraded, code }
  return { state: kind, ...Object.fromEntries(Object.entries(known).map(([name, value]) => [name, value ?? null])) }
}

function legSummaryOf({ model, tier, verdict, confidence, costNanoUsd, plannedMs, verdictMs }: WatchedLeg): object {
  return {
    model,
    tier,
    verdict: verdict ?? 'running',
    confidence: confidence ?? null,
    costNanoUsd: costNanoUsd ?? null,
    ms: verdictMs === undefined ? null : verdictMs - plannedMs,
  }
}
