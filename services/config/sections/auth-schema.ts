import { z } from 'zod'
import { count, name } from '../field-schemas.ts'

const scope = z.enum(['infer', 'admin', 'console'])

const apiKey = z.strictObject({
  id: name.describe('Name of the key in logs and lists.'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/u, '64 lower-case hex digits: the SHA-256 of the key')
    .describe('SHA-256 of the key, in hex.'),
  tenant: name.describe('Tenant that the key speaks for.'),
  scopes: z.array(scope).min(1).describe('What the key may do.'),
})

/** Signatures by key pairs; a shared secret (HS256) would let every verifier sign. */
const signature = z.enum([
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
])

const tokenIssuer = z.strictObject({
  name: name.describe('Name of the issuer in logs.'),
  issuer: z.string().min(1).describe('Value that `iss` must have.'),
  audiences: z.array(z.string().min(1)).min(1).describe('Values of which `aud` must hold one.'),
  jwksUrl: z.url({ protocol: /^https?$/u }).describe("Address of the issuer's published keys."),
  algorithms: z
    .array(signature)
    .min(1)
    .default(['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'])
    .describe('Signature algorithms that are accepted.'),
  tenantClaim: z.string().min(1).default('tenant').describe('Claim that names the tenant.'),
  tenants: z
    .array(name)
    .min(1)
    .optional()
    .describe('Tenants that this issuer may speak for. Without it the issuer may speak for any.'),
  scopesClaim: z.string().min(1).default('scope').describe('Claim that lists the scopes.'),
  scopePrefix: z.string().default('').describe("Prefix of Sluice's scopes in that claim."),
  clockSkewSeconds: z.int().min(0).max(300).default(30).describe('Tolerance for `exp` and `nbf`.'),
  types: z
    .array(z.string().min(1))
    .min(1)
    .default(['JWT', 'at+jwt'])
    .describe('Values that `typ` may have. A token without `typ` is accepted.'),
  freshSeconds: count.default(600).describe('Published keys older than this are read again.'),
  cooldownSeconds: count.default(30).describe('Least time between two reads of the published keys.'),
  staleSeconds: count.default(3600).describe('How long known keys are used while the issuer cannot be reached.'),
})

/** Who may call. */
export const authSchema = z.strictObject({
  anonymous: z.boolean().default(false).describe('Whether a call without a credential is accepted.'),
  anonymousTenant: name.default('local').describe('Tenant of such a call.'),
  anonymousScopes: z.array(scope).min(1).default(['infer']).describe('What such a call may do.'),
  keys: z.array(apiKey).default([]).describe('API keys. `node bin/sluice.js keys create --local` prints an entry.'),
  tokens: z.array(tokenIssuer).default([]).describe('Issuers whose JSON Web Tokens are accepted.'),
  failuresPerMinute: count
    .default(60)
    .describe('Wrong credentials from one address for one key id. Further ones are refused unchecked.'),
  trustedProxies: z
    .array(z.union([z.cidrv4(), z.cidrv6()], 'address/bits'))
    .default([])
    .describe("Networks of proxies whose `x-forwarded-for` names the caller's address."),
  rememberMs: z
    .int()
    .min(0)
    .max(60_000)
    .default(1000)
    .describe('How long a verified credential is trusted. A key revoked through another router works so much longer.'),
})
