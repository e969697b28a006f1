import { timingSafeEqual } from 'node:crypto'
import type { Caller, Scope } from '../../states.ts'

/** A key as the configuration keeps it: never the key, only its hash. */
export interface KeyRecord {
  readonly id: string
  readonly sha256: string
  readonly tenant: string
  readonly scopes: readonly Scope[]
}

/** Finds the caller of a credential's hash in the configuration's list. Every key is compared in full and in constant time, so that time tells nothing of which was near. */
export function createProveByList(keys: readonly KeyRecord[]): (hash: Buffer) => Caller | undefined {
  const known = keys.map(({ id, sha256, tenant, scopes }) => ({
    hash: Buffer.from(sha256, 'hex'),
    caller: { credentialId: id, tenant, scopes },
  }))
  return hash => {
    let found: Caller | undefined
    for (const one of known) if (timingSafeEqual(one.hash, hash)) found = one.caller
    return found
  }
}
