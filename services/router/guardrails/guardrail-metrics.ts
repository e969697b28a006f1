import { Counter, Histogram, type Registry } from 'prom-client'
import {
  guardrailActions,
  guardrailChecks,
  type GuardrailAction,
  type GuardrailCheck,
  type GuardrailStage,
} from '#services/contract/request'

/** What guardrails count. */
export interface GuardrailMetrics {
  found(stage: GuardrailStage, check: GuardrailCheck, action: GuardrailAction): void
  checked(stage: GuardrailStage, elapsedMs: number): void
  /** A check failed, and the content passed (`open`) or was refused (`closed`). */
  failed(stage: GuardrailStage, outcome: 'open' | 'closed'): void
}

const stages: readonly GuardrailStage[] = ['before', 'passages', 'after']
const buckets = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1]

/** Registers them; counters begin at 0. */
export function createGuardrailMetrics(registry: Registry): GuardrailMetrics {
  const registers = [registry]
  const findings = new Counter({
    name: 'sluice_guardrail_findings_total',
    help: 'Requests, their passages and answers in which a guardrail found something, by check and what was done.',
    labelNames: ['stage', 'check', 'action'],
    registers,
  })
  const seconds = new Histogram({
    name: 'sluice_guardrail_check_seconds',
    help: 'Time that the guardrails of one stage took for one request or one whole answer.',
    labelNames: ['stage'],
    buckets,
    registers,
  })
  const faults = new Counter({
    name: 'sluice_guardrail_faults_total',
    help: 'Requests and answers that could not be checked, by what became of them.',
    labelNames: ['stage', 'outcome'],
    registers,
  })
  for (const stage of stages) {
    for (const check of guardrailChecks)
      for (const action of guardrailActions) findings.inc({ stage, check, action }, 0)
    for (const outcome of ['open', 'closed']) faults.inc({ stage, outcome }, 0)
  }
  return {
    found: (stage, check, action) => findings.inc({ stage, check, action }),
    checked: (stage, elapsedMs) => seconds.observe({ stage }, elapsedMs / 1000),
    failed: (stage, outcome) => faults.inc({ stage, outcome }),
  }
}
