import type { Logger } from 'pino'
import type { Clock } from '#services/contract/clock'
import type { Rung } from '#services/contract/model'
import type { Probes } from '#services/router/pools/probes'
import type { Reserved, Finished, CandidateRung, Incoming } from '#services/router/request/states'
import { shadowCaller, shadowRequestOf } from './shadow-request.ts'

/** What probing needs. */
export interface ProbeForecastsDependencies {
  readonly probes: Probes
  /** Asks one rung, paid by the deployment. */
  readonly ask: (incoming: Incoming, signal: AbortSignal) => Promise<Finished>
  /** Whether callers need what a call to this rung would take. */
  readonly busy: (rung: Rung) => unknown
  readonly spent: (ladder: string, costNanoUsd: number) => void
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * Measures rungs again that forecasts keep out: behind the caller's back, with its input, and never in the way of
 * one.
 */
export interface ProbeForecasts {
  /** Examines a cascade that was delivered. Returns at once and throws nothing. */
  onFinished(reserved: Reserved, finished: Finished): void
  /** Gives up what is under way. */
  close(): Promise<void>
}

/** A probe has this many times as long as is predicted, since the prediction is what is in doubt. */
const ampleFactor = 3
const leastDeadlineMs = 10_000

/** Makes them; one probe at a time. */
export function createProbeForecasts(dependencies: ProbeForecastsDependencies): ProbeForecasts {
  const { probes, busy, logger } = dependencies
  const closing = new AbortController()
  let underWay: Promise<void> | undefined
  return {
    onFinished(reserved, finished) {
      if (underWay !== undefined || closing.signal.aborted || finished.end.kind === 'cancelled') return
      const kept = reserved.candidateRungs.find(one => busy(one.rung) === undefined && probes.take(one))
      if (kept === undefined) return
      underWay = probe(reserved, kept, dependencies, closing.signal)
        .catch((error: unknown) => logger.debug({ err: error, rung: kept.rung.name }, 'a probe came to nothing'))
        .finally(() => (underWay = undefined))
    },
    async close() {
      closing.abort()
      await underWay
    },
  }
}

async function probe(
  reserved: Reserved,
  { rung, predictedLatencyMs = 0 }: CandidateRung,
  { ask, spent, clock }: ProbeForecastsDependencies,
  signal: AbortSignal,
): Promise<void> {
  const deadlineMs = Math.max(leastDeadlineMs, predictedLatencyMs * ampleFactor)
  const request = shadowRequestOf(reserved, rung, deadlineMs)
  const finished = await ask({ caller: shadowCaller, request, mode: 'sync', arrivedAt: clock.now() }, signal)
  for (const leg of finished.legs) spent(reserved.guided.ladder.name, leg.end?.receipt.costNanoUsd ?? 0)
}
