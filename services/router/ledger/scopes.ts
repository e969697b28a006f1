import type { NanoUsd } from '../../shared/contract/money.ts'
import type { Scope } from './ledger.ts'

const dayMs = 86_400_000

/** The day's scope of a tenant, its window in UTC. */
export function tenantDay(tenant: string, nowMs: number, limitNanoUsd: NanoUsd | undefined): Scope {
  const start = Math.floor(nowMs / dayMs) * dayMs
  const day = new Date(start).toISOString().slice(0, 10)
  return {
    name: 'tenant:day',
    counter: `tenant:${tenant}:day:${day}`,
    resetsAt: start + dayMs,
    ...(limitNanoUsd === undefined ? {} : { limitNanoUsd }),
  }
}
