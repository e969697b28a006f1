import { Counter, type Registry } from 'prom-client'
import type { ShadowOutcome } from './shadow-calls.ts'

/** What is counted of learning. Labels are ladders, rungs and words of closed sets; never a tenant. */
export interface LearningMetrics {
  readonly shadowCall: (ladder: string, outcome: ShadowOutcome) => void
  readonly shadowSpent: (ladder: string, costNanoUsd: number) => void
  readonly recorded: (ladder: string, source: 'feedback' | 'shadow') => void
}

/** Registers them. */
export function createLearningMetrics(registry: Registry): LearningMetrics {
  const registers = [registry]
  const shadowCalls = new Counter({
    name: 'sluice_router_shadow_calls_total',
    help: 'Requests drawn to be held against the top rung, by what came of it.',
    labelNames: ['ladder', 'outcome'],
    registers,
  })
  const shadowSpent = new Counter({
    name: 'sluice_router_shadow_spent_usd_total',
    help: 'Cost of shadow calls, which the deployment pays, in US dollars.',
    labelNames: ['ladder'],
    registers,
  })
  const records = new Counter({
    name: 'sluice_router_outcome_records_total',
    help: 'Outcome records kept for refits, by where their scores are from.',
    labelNames: ['ladder', 'source'],
    registers,
  })
  return {
    shadowCall: (ladder, outcome) => shadowCalls.inc({ ladder, outcome }),
    shadowSpent: (ladder, costNanoUsd) => shadowSpent.inc({ ladder }, costNanoUsd / 1e9),
    recorded: (ladder, source) => records.inc({ ladder, source }),
  }
}
