import type { NanoUsd } from '../../shared/contract/money.ts'
import type { Scope } from './ledger.ts'

const dayMs = 86_400_000

/** The day's scope of a tenant, its window in UTC. */
export function tenantDay(tenant: string, nowMs: number, limitNanoUsd: NanoUsd | undefined): Scope {
  return dayScope('tenant:day', `tenant:${tenant}`, nowMs, limitNanoUsd)
}

/** The day's scope of calls that the deployment makes to learn from; no tenant's name can be that of its counter. */
export function shadowDay(nowMs: number, limitNanoUsd: NanoUsd): Scope {
  return dayScope('shadow', 'shadow', nowMs, limitNanoUsd)
}

function dayScope(name: string, counter: string, nowMs: number, limitNanoUsd: NanoUsd | undefined): Scope {
  const start = Math.floor(nowMs / dayMs) * dayMs
  const day = new Date(start).toISOString().slice(0, 10)
  return {
    name,
    counter: `${counter}:day:${day}`,
    resetsAt: start + dayMs,
    ...(limitNanoUsd === undefined ? {} : { limitNanoUsd }),
  }
}
