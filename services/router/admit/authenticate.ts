import { createHash, timingSafeEqual } from 'node:crypto'
import { GatewayError } from '../../shared/contract/errors.ts'
import type { Caller, Scope } from '../states.ts'

/** A key as the configuration keeps it: never the key, only its hash. */
export interface KeyRecord {
  readonly id: string
  readonly sha256: string
  readonly tenant: string
  readonly scopes: readonly Scope[]
}

/** Who may call. */
export interface AuthenticateOptions {
  readonly keys: readonly KeyRecord[]
  /** The caller that a call without a credential is taken for; absent means that there is no such call. */
  readonly anonymous?: Caller
}

/** Proves a credential. @throws GatewayError Unauthenticated when there is none or it is wrong */
export type Authenticate = (authorization: string | undefined) => Caller

/** No key is longer; what is longer is refused unhashed. */
const longestCredential = 4096

/** Makes the check. Every key is compared in full and in constant time, so that time tells nothing of which was near. */
export function createAuthenticate({ keys, anonymous }: AuthenticateOptions): Authenticate {
  const known = keys.map(({ id, sha256, tenant, scopes }) => ({
    hash: Buffer.from(sha256, 'hex'),
    caller: { credentialId: id, tenant, scopes },
  }))
  return authorization => {
    if (authorization === undefined || authorization === '') {
      if (anonymous !== undefined) return anonymous
      throw new GatewayError('Unauthenticated', 'a credential is needed: authorization: Bearer <api key>', {
        stage: 'admit',
      })
    }
    const key = /^Bearer ([^\s]+)$/iu.exec(authorization)?.[1]
    if (key === undefined || key.length > longestCredential) throw wrong()
    const hash = createHash('sha256').update(key).digest()
    let found: Caller | undefined
    for (const one of known) if (timingSafeEqual(one.hash, hash)) found = one.caller
    if (found === undefined) throw wrong()
    return found
  }
}

/** Lets a caller go on who has a scope. @throws GatewayError PermissionDenied */
export function demandScope(caller: Caller, scope: Scope): void {
  if (caller.scopes.includes(scope)) return
  throw new GatewayError('PermissionDenied', `the credential has no scope ${scope}`, { stage: 'admit' })
}

function wrong(): GatewayError {
  return new GatewayError('Unauthenticated', 'the credential is not known', {
    stage: 'admit',
    reason: 'CREDENTIAL_UNKNOWN',
  })
}
