import { Counter, type Registry } from 'prom-client'
import type { Comparison } from '#services/router/policies/comparison'
import type { ShadowOutcome } from './shadow-calls.ts'

/** What is counted of learning. Labels are ladders, rungs and words of closed sets; never a tenant. */
export interface LearningMetrics {
  readonly shadowCall: (ladder: string, outcome: ShadowOutcome) => void
  readonly shadowSpent: (ladder: string, costNanoUsd: number) => void
  readonly recorded: (ladder: string, source: 'feedback' | 'shadow') => void
  readonly compared: (ladder: string, comparison: Comparison) => void
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
  const decisions = new Counter({
    name: 'sluice_router_shadow_policy_decisions_total',
    help: 'Requests that a policy in shadow decided on in shadow, by how that compares with the answer that was given.',
    labelNames: ['ladder', 'agreement'],
    registers,
  })
  const policyEscalations = new Counter({
    name: 'sluice_router_shadow_policy_escalations_total',
    help: 'Requests on which more than the cheapest rung was called, or would have been, by whose decision.',
    labelNames: ['ladder', 'role'],
    registers,
  })
  const policyCosts = new Counter({
    name: 'sluice_router_shadow_policy_cost_usd_total',
    help: 'What requests cost, or would have, by whose decision, in US dollars.',
    labelNames: ['ladder', 'role'],
    registers,
  })
  return {
    compared(ladder, { same, escalatesMore, stopsSooner, ...sums }) {
      decisions.inc({ ladder, agreement: 'same' }, same)
      decisions.inc({ ladder, agreement: 'escalates_more' }, escalatesMore)
      decisions.inc({ ladder, agreement: 'stops_sooner' }, stopsSooner)
      policyEscalations.inc({ ladder, role: 'active' }, sums.activeCascades)
      policyEscalations.inc({ ladder, role: 'shadow' }, sums.shadowCascades)
      policyCosts.inc({ ladder, role: 'active' }, sums.activeCostNanoUsd / 1e9)
      policyCosts.inc({ ladder, role: 'shadow' }, sums.shadowCostNanoUsd / 1e9)
    },
    shadowCall: (ladder, outcome) => shadowCalls.inc({ ladder, outcome }),
    shadowSpent: (ladder, costNanoUsd) => shadowSpent.inc({ ladder }, costNanoUsd / 1e9),
    recorded: (ladder, source) => records.inc({ ladder, source }),
  }
}
