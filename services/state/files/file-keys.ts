import { createHash } from 'node:crypto'

/** What every Redis key of a tenant's files begins with; all of a tenant is in one slot. */
export function fileTag(prefix: string, tenant: string): string {
  return `${prefix}:{f:${createHash('sha256').update(tenant).digest('hex').slice(0, 32)}}`
}
