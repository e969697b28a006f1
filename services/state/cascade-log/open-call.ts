import { composeScript } from '#services/platform/redis/compose-script'
import { loadScript, type Script } from '#services/platform/redis/script'
import type { ScriptCall } from '#services/state/dispatch/script-call'
import type { CascadeKeys } from './cascade-keys.ts'
import type { CascadePlan, CascadeRequest, Owner, PlannedLeg } from './cascade-log.ts'

/** How a cascade is opened in Redis. */
export interface OpenCall {
  readonly script: Script
  /**
   * Its keys are the cascade's and the index of open cascades, which may be another server's. The reply is false
   * when it exists.
   */
  callFor(request: CascadeRequest, plan: CascadePlan, firstLeg: PlannedLeg, owner: Owner): ScriptCall<boolean>
}

/** Opens a cascade without listing it, for servers that have one of the two keys. */
export const openScript = loadScript(import.meta.url, 'lua/open.lua')
const script = composeScript({ open: openScript }, loadScript(import.meta.url, 'lua/open-and-list.lua'))

/** An open cascade outlives its deadline by this, so that a redelivered leg still finds what it was for. */
export const openGraceMs = 600_000

/** Makes the calls. */
export function createOpenCall(keys: CascadeKeys): OpenCall {
  return {
    script,
    callFor(request, plan, firstLeg, owner) {
      const { requestId, deadlineAt, submittedAt } = request
      const ttlMs = Math.max(0, deadlineAt - submittedAt) + openGraceMs
      const texts = [request, plan, firstLeg].map(value => JSON.stringify(value))
      const args = [...texts, owner.name, owner.leaseUntil, deadlineAt, ttlMs, Number(isKept(request)), requestId]
      return { script, keys: [keys.cascade(requestId), keys.open], args, read: reply => reply === 1 }
    },
  }
}

/** Somebody may come back for a job's answer, or with the same idempotency key. */
function isKept({ mode, idempotent }: CascadeRequest): boolean {
  return mode === 'async' || idempotent
}
