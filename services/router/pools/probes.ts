import type { Clock } from '#services/contract/clock'
import type { CandidateRung } from '#services/router/request/states'

/**
 * Returns which rungs that their forecasts keep out are tried all the same: what is never called is never measured
 * again.
 */
export interface Probes {
  /**
   * Takes one try of a rung; false when its forecast is new, it was tried lately, or the forecast is not what kept
   * it out.
   */
  take(one: CandidateRung): boolean
}

/** Makes them: each rung at most once in `everyMs`, when it was measured longer ago than that. None where it is 0. */
export function createProbes(everyMs: number, clock: Clock): Probes {
  const triedAt = new Map<string, number>()
  return {
    take(one) {
      const { name } = one.rung
      const nowMs = clock.now()
      const lastAt = Math.max(one.measuredAt ?? -Infinity, triedAt.get(name) ?? -Infinity)
      if (everyMs <= 0 || !isKeptOutByService(one) || nowMs - lastAt < everyMs) return false
      triedAt.set(name, nowMs)
      return true
    },
  }
}

/** Its own time is too long, not the wait for it: of a queue more calls teach nothing. */
function isKeptOutByService({ removedBy, predictedLatencyMs = 0, predictedWaitMs }: CandidateRung): boolean {
  return removedBy === 'deadline' && predictedWaitMs < predictedLatencyMs
}
