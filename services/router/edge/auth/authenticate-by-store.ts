import { timingSafeEqual } from 'node:crypto'
import type { Clock } from '#services/contract/clock'
import { readKeyId } from '#services/state/api-keys/api-key'
import type { KeySecret, KeyStore } from './keys/key-store.ts'
import type { Authenticator } from './authenticator.ts'

/**
 * Authenticates keys that operators made: found by the id they carry, compared with the hashes of their valid
 * secrets.
 */
export function createStoreAuthenticator(store: Pick<KeyStore, 'find'>, clock: Clock): Authenticator {
  return async (credential, hash) => {
    const id = readKeyId(credential)
    const key = id === undefined ? undefined : await store.find(id)
    if (key === undefined || key.revokedAt !== undefined) return undefined
    const until = Math.min(secretEnd(key.secrets, hash), key.expiresAt ?? Number.POSITIVE_INFINITY)
    if (until <= clock.now()) return undefined
    return { until, caller: { credentialId: key.id, credentialKind: 'stored', tenant: key.tenant, scopes: key.scopes } }
  }
}

/** When the secret of this hash ends; long ago when there is none. */
function secretEnd(secrets: readonly KeySecret[], hash: Buffer): number {
  let end = 0
  for (const { sha256, endsAt = Number.POSITIVE_INFINITY } of secrets) {
    if (timingSafeEqual(Buffer.from(sha256, 'hex'), hash)) end = endsAt
  }
  return end
}
