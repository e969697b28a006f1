import { createHash } from 'node:crypto'
import { decodeJwt, errors, jwtVerify, type JWTPayload } from 'jose'
import type { Clock } from '#services/contract/clock'
import type { Scope } from '#services/router/request/states'
import type { FindKey } from './key-set.ts'
import type { Authenticated, Authenticator } from './authenticator.ts'

/** Whose tokens are taken, and what in them says who calls. */
export interface TokenIssuer {
  /** Name for logs. */
  readonly name: string
  readonly issuer: string
  readonly audiences: readonly string[]
  /** Signatures by a key pair only: a shared secret would let every verifier sign. */
  readonly algorithms: readonly string[]
  readonly tenantClaim: string
  /** Tenants that this issuer may speak for; absent means any. */
  readonly tenants?: ReadonlySet<string>
  /** A text of words or a list. */
  readonly scopesClaim: string
  /** Stands before `infer`, `admin` and `console` in the claim. */
  readonly scopePrefix: string
  readonly clockSkewSeconds: number
  /** What `typ` of a token's header may say, without `application/`; a token without one is accepted. */
  readonly types: readonly string[]
  readonly findKey: FindKey
}

/** Tenants are parts of Redis keys, so nothing else may come in as one. */
const tenantShape = /^[a-z0-9][a-z0-9._-]{0,63}$/u
const scopes: readonly Scope[] = ['infer', 'admin', 'console']
const tokenShape = /^[\w-]+\.[\w-]+\.[\w-]+$/u

/**
 * Authenticates JSON Web Tokens by their issuers' published keys. @source RFC 7519, RFC 8725 (best current practices)
 */
export function createTokenAuthenticator(issuers: readonly TokenIssuer[], clock: Clock): Authenticator {
  return async credential => {
    const claimed = tokenShape.test(credential) ? issuerOf(credential) : undefined
    for (const issuer of issuers.filter(one => one.issuer === claimed)) {
      const claims = await verified(credential, issuer, clock.now())
      const authenticated = claims === undefined ? undefined : authenticatedBy(claims, issuer)
      if (authenticated !== undefined) return authenticated
    }
    return undefined
  }
}

/** The claimed issuer of a token; used only to choose the keys that verify it. */
function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch {
    // It only resembles a token.
    return undefined
  }
}

async function verified(token: string, issuer: TokenIssuer, nowMs: number): Promise<JWTPayload | undefined> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, issuer.findKey, {
      issuer: issuer.issuer,
      audience: [...issuer.audiences],
      algorithms: [...issuer.algorithms],
      clockTolerance: issuer.clockSkewSeconds,
      currentDate: new Date(nowMs),
      requiredClaims: ['exp', 'sub'],
    })
    // A logout token or a security event of the same issuer is no credential. @source RFC 8725, section 3.11
    return isOfType(protectedHeader.typ, issuer.types) ? payload : undefined
  } catch (error) {
    // Whatever is wrong with it, its caller learns only that it is not good.
    if (error instanceof errors.JOSEError || isUnfitKey(error)) return undefined
    throw error
  }
}

/**
 * A published key that its algorithm does not allow, such as RSA of 1,024 bits: jose and WebCrypto refuse it with
 * errors of their own.
 */
function isUnfitKey(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof DOMException && error.name !== 'AbortError')
}

function isOfType(typ: string | undefined, types: readonly string[]): boolean {
  const bare = typ?.toLowerCase().replace(/^application\//u, '')
  return bare === undefined || types.some(type => type.toLowerCase() === bare)
}

function authenticatedBy(claims: JWTPayload, issuer: TokenIssuer): Authenticated | undefined {
  const tenant = claims[issuer.tenantClaim]
  if (typeof tenant !== 'string' || !tenantShape.test(tenant)) return undefined
  if (issuer.tenants !== undefined && !issuer.tenants.has(tenant)) return undefined
  // A subject can be a person's address, which logs need not know.
  const subject = createHash('sha256')
    .update(claims.sub ?? '')
    .digest('hex')
    .slice(0, 12)
  return {
    until: ((claims.exp ?? 0) + issuer.clockSkewSeconds) * 1000,
    caller: {
      tenant,
      credentialId: `${issuer.name}:${subject}`,
      credentialKind: 'token',
      scopes: scopesOf(claims[issuer.scopesClaim], issuer.scopePrefix),
    },
  }
}

function scopesOf(claim: unknown, prefix: string): readonly Scope[] {
  const words = typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : []
  return scopes.filter(scope => words.includes(`${prefix}${scope}`))
}
