import { timingSafeEqual } from 'node:crypto'
import type { Caller, Scope } from '#services/router/request/states'

/** A key as the configuration keeps it: never the key, only its hash. */
export interface KeyRecord {
  readonly id: string
  readonly sha256: string
  readonly tenant: string
  readonly scopes: readonly Scope[]
}

/**
 * Finds the caller of a credential's hash in the configuration's list, in the same time however long that is. The
 * last comparison is in constant time; the look-up before it may tell how the hash of a guess begins, which its
 * sender knows and which leads to no key.
 */
export function createListAuthenticator(keys: readonly KeyRecord[]): (hash: Buffer) => Caller | undefined {
  const known = new Map(
    keys.map(({ id, sha256, tenant, scopes }) => [
      sha256,
      {
        hash: Buffer.from(sha256, 'hex'),
        caller: { credentialId: id, credentialKind: 'listed' as const, tenant, scopes },
      },
    ]),
  )
  return hash => {
    const one = known.get(hash.toString('hex'))
    return one !== undefined && timingSafeEqual(one.hash, hash) ? one.caller : undefined
  }
}
