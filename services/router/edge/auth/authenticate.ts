import { GatewayError } from '#services/contract/errors'
import { hashCredential, readKeyId } from '#services/state/api-keys/api-key'
import type { Caller, Scope } from '#services/router/request/states'
import type { FailureLimiter } from './failure-limiter.ts'
import type { Authenticated, Authenticator } from './authenticator.ts'
import type { CredentialCache } from './credential-cache.ts'

/** Who may call. */
export interface AuthenticateOptions {
  /** The caller that a call without a credential is taken for; absent means that there is no such call. */
  readonly anonymous?: Caller
}

/** What authentication needs. */
export interface AuthenticateDependencies {
  /** Keys of the configuration: they need no I/O, so they are checked first. */
  readonly listed: (hash: Buffer) => Caller | undefined
  /** Authenticators that need a look-up or a signature. */
  readonly authenticators: readonly Authenticator[]
  readonly cache: CredentialCache
  readonly failures: FailureLimiter
}

/**
 * Authenticates a credential that came from a peer (`address:port`).
 * @throws GatewayError Unauthenticated when there is none or it is wrong, RateLimited when the peer has been wrong
 * too often, Overloaded
 */
export type Authenticate = (authorization: string | undefined, peer?: string) => Promise<Caller>

/** No key or token is longer; what is longer is refused unhashed. */
const longestCredential = 8192

/**
 * Makes the check. Cheap before expensive: shape, listed keys and the cache; a peer that fails too
 * often gets no further.
 */
export function createAuthenticate(
  { anonymous }: AuthenticateOptions,
  { listed, authenticators, cache, failures }: AuthenticateDependencies,
): Authenticate {
  const authenticateByAny = async (credential: string, hash: Buffer): Promise<Authenticated | undefined> => {
    for (const tryOne of authenticators) {
      const authenticated = await tryOne(credential, hash)
      if (authenticated !== undefined) return authenticated
    }
    return undefined
  }
  /** Returns the caller of a credential; `undefined` when it is unknown. @throws GatewayError RateLimited */
  const callerOf = async (credential: string, peer: string): Promise<Caller | undefined> => {
    const hash = hashCredential(credential)
    const hashText = hash.toString('hex')
    const known = listed(hash) ?? cache.find(hashText)?.caller
    if (known !== undefined) return known
    // Who was known before is looked up whatever others behind the same address do.
    if (!cache.wasGood(hashText)) failures.demandRoom(peer, readKeyId(credential))
    const authenticated = await cache.once(hashText, () => authenticateByAny(credential, hash))
    if (authenticated === undefined) failures.count(peer, readKeyId(credential))
    return authenticated?.caller
  }
  return async (authorization, peer = 'unknown') => {
    if (authorization === undefined) {
      if (anonymous !== undefined) return anonymous
      throw refused(
        'CREDENTIAL_MISSING',
        'a credential is needed: authorization: Bearer <API key or token>, or x-api-key',
      )
    }
    const credential = readBearer(authorization)
    if (credential === undefined) {
      failures.demandRoom(peer)
      failures.count(peer)
      if (authorization.length > longestCredential) throw refused('CREDENTIAL_UNKNOWN', unknown)
      throw refused(
        'CREDENTIAL_UNUSABLE',
        'the credential cannot be read: send authorization: Bearer <API key or token>',
      )
    }
    const caller = await callerOf(credential, peer)
    if (caller === undefined) throw refused('CREDENTIAL_UNKNOWN', unknown)
    return caller
  }
}

const unknown = 'the credential is unknown or has expired'

function refused(reason: string, message: string): GatewayError {
  return new GatewayError('Unauthenticated', message, { stage: 'admit', reason })
}

/**
 * The credential of a header; `undefined` when it has none that could be one.
 * @source RFC 9110, section 11.4: any number of spaces lies between the scheme and the credential
 */
function readBearer(authorization: string): string | undefined {
  const [, credential = ''] = /^Bearer +([^\s]+)$/iu.exec(authorization) ?? []
  return credential === '' || credential.length > longestCredential ? undefined : credential
}

/** Lets a caller go on who has a scope. @throws GatewayError PermissionDenied */
export function demandScope(caller: Caller, scope: Scope): void {
  if (caller.scopes.includes(scope)) return
  throw new GatewayError('PermissionDenied', `this call needs the scope ${scope}: ${wayToScope(caller, scope)}`, {
    stage: 'admit',
    reason: 'SCOPE_MISSING',
    metadata: { scope, setting: settingOf(caller) },
  })
}

/** What grants a scope to whom. */
function wayToScope({ credentialId, credentialKind, scopes }: Caller, scope: Scope): string {
  const has = scopes.join(', ') || 'none'
  if (credentialKind === 'anonymous') {
    return `without a credential a call has those of auth.anonymousScopes (${has}); send a key that has ${scope}, or add it there`
  }
  const id = `the credential ${credentialId} has ${has}`
  if (credentialKind === 'token')
    return `${id}; its issuer grants more in the claim that auth.tokens[].scopesClaim names`
  if (credentialKind === 'listed') return `${id}; auth.keys[].scopes of the configuration grants more`
  return `${id}; \`sluice keys create --scope ${scope}\` makes a key that has it`
}

function settingOf({ credentialKind = 'stored' }: Caller): string {
  return settings[credentialKind]
}

const settings: Readonly<Record<NonNullable<Caller['credentialKind']>, string>> = {
  anonymous: 'auth.anonymousScopes',
  listed: 'auth.keys[].scopes',
  token: 'auth.tokens[].scopesClaim',
  stored: 'sluice keys create --scope',
}
