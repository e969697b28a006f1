import { createHash } from 'node:crypto'
import type { RequestId } from '#services/contract/ids'

/** Names every Redis key of this room. */
export interface ClimbKeys {
  climb(requestId: RequestId): string
  /** Open climbs by the time their leases end. */
  readonly open: string
  /** Dead letters by the time they died. */
  readonly dead: string
  idempotency(tenant: string, key: string): string
}

/** Builds the names; one climb is one slot, and no Lua call touches two. */
export function createClimbKeys(prefix: string): ClimbKeys {
  return {
    climb: requestId => `${prefix}:{c:${requestId}}:climb`,
    open: `${prefix}:climbs:open`,
    dead: `${prefix}:climbs:dead`,
    idempotency: (tenant, key) =>
      `${prefix}:{k:${createHash('sha256').update(tenant).update('\0').update(key).digest('hex')}}`,
  }
}
