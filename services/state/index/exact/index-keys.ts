import { createHash } from 'node:crypto'

/** Where an index is. */
export interface IndexKeys {
  readonly names: string
  readonly index: string
  readonly documents: string
  readonly sizes: string
  readonly changes: string
  readonly removed: string
}

/** Names the keys of an index; all of a tenant are in one slot. */
export function indexKeys(prefix: string, tenant: string, name: string): IndexKeys {
  const tag = `${prefix}:{i:${createHash('sha256').update(tenant).digest('hex').slice(0, 32)}}`
  const index = `${tag}:index:${name}`
  return {
    names: `${tag}:indexes`,
    index,
    documents: `${index}:documents`,
    sizes: `${index}:sizes`,
    changes: `${index}:changes`,
    removed: `${index}:removed`,
  }
}
