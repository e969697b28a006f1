import { createHash } from 'node:crypto'
import type { RequestId } from '#services/contract/ids'

/** Names every Redis key of this room. */
export interface CascadeKeys {
  cascade(requestId: RequestId): string
  /** Open cascades by the time their leases end. */
  readonly open: string
  /** Dead letters by the time they died. */
  readonly dead: string
  idempotency(tenant: string, key: string): string
}

/** Builds the names; one cascade is one slot, and no Lua call touches two. */
export function createCascadeKeys(prefix: string): CascadeKeys {
  return {
    cascade: requestId => `${prefix}:{c:${requestId}}:cascade`,
    open: `${prefix}:cascades:open`,
    dead: `${prefix}:cascades:dead`,
    idempotency: (tenant, key) =>
      `${prefix}:{k:${createHash('sha256').update(tenant).update('\0').update(key).digest('hex')}}`,
  }
}
