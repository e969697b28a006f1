import { holdLookMs } from '#services/router/lifecycle/timings'

/**
 * When any router checks a hold: soon after its deadline, since no leg begins after that,
 * and at the latest after half a minute, since its request may end long before its deadline, and its router with it.
 */
export function holdLeaseUntil(nowMs: number, deadlineAt: number, graceMs: number): number {
  return Math.min(Math.max(nowMs, deadlineAt) + graceMs, nowMs + Math.max(holdLookMs, graceMs))
}
