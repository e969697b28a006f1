import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JWTPayload } from 'jose'
import { generateKeyPairSync, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createKeySet } from '#services/router/edge/auth/key-set'
import { createTokenAuthenticator } from '#services/router/edge/auth/authenticate-by-token'

/** A real server of a key set that can be rotated, broken and counted. */
async function openIssuer() {
  const state = { keys: [] as object[], status: 200, asked: 0, padding: '' }
  const server = createServer((_request, response) => {
    state.asked += 1
    response.writeHead(state.status).end(JSON.stringify({ keys: state.keys, padding: state.padding }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    state,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    async addKey(kid: string, algorithm = 'ES256'): Promise<CryptoKey> {
      const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
      state.keys = [...state.keys, { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' }]
      return privateKey
    },
    close: () => new Promise(resolve => server.close(resolve)),
  }
}

let issuer: Awaited<ReturnType<typeof openIssuer>>
let key: CryptoKey
const time = { nowMs: 0 }
const clock = { now: () => time.nowMs }

beforeEach(async () => {
  time.nowMs = Date.parse('2026-01-01T00:00:00Z')
  issuer = await openIssuer()
  key = await issuer.addKey('first')
})
afterEach(async () => {
  await issuer.close()
})

function authenticatorOf(more: { tenants?: ReadonlySet<string> } = {}) {
  const findKey = createKeySet(
    { url: issuer.url, timeoutMs: 2000, freshMs: 600_000, cooldownMs: 30_000, staleMs: 3_600_000 },
    clock,
  )
  const authenticate = createTokenAuthenticator(
    [
      {
        name: 'idp',
        issuer: 'https://id.example',
        audiences: ['sluice'],
        algorithms: ['ES256', 'RS256'],
        tenantClaim: 'tenant',
        scopesClaim: 'scope',
        scopePrefix: 'sluice:',
        clockSkewSeconds: 30,
        types: ['JWT', 'at+jwt'],
        findKey,
        ...more,
      },
    ],
    clock,
  )
  return (token: string) => authenticate(token, Buffer.alloc(32))
}

const claims: JWTPayload = {
  iss: 'https://id.example',
  aud: 'sluice',
  sub: 'jane@example.org',
  tenant: 'acme',
  scope: 'openid sluice:infer',
}

function tokenOf(
  changed: Record<string, unknown> = {},
  signer = key,
  header: { kid?: string; alg?: string; typ?: string } = {},
): Promise<string> {
  const seconds = Math.floor(time.nowMs / 1000)
  return new SignJWT({ ...claims, exp: seconds + 300, ...changed })
    .setProtectedHeader({ alg: 'ES256', kid: 'first', ...header })
    .sign(signer)
}

describe('a token', () => {
  it('that is good gives its tenant and scopes, and until when; its subject is not in the name for logs', async () => {
    const authenticated = await authenticatorOf()(await tokenOf())
    expect(authenticated?.caller).toMatchObject({ tenant: 'acme', scopes: ['infer'] })
    expect(authenticated?.caller.credentialId).toMatch(/^idp:[0-9a-f]{12}$/u)
    expect(authenticated?.until).toBe(time.nowMs + 330_000)
  })

  it('may list its scopes and its audiences', async () => {
    const authenticated = await authenticatorOf()(
      await tokenOf({ scope: ['sluice:admin', 'sluice:infer'], aud: ['x', 'sluice'] }),
    )
    expect(authenticated?.caller.scopes).toEqual(['infer', 'admin'])
  })

  it.each<[string, Record<string, unknown>]>([
    ['is for another audience', { aud: 'other' }],
    ['is for no audience', { aud: undefined }],
    ['is of another issuer', { iss: 'https://evil.example' }],
    ['is expired beyond the skew', { exp: Date.parse('2026-01-01T00:00:00Z') / 1000 - 31 }],
    ['never expires', { exp: undefined }],
    ['is not valid yet', { nbf: Date.parse('2026-01-01T00:00:00Z') / 1000 + 31 }],
    ['has no subject', { sub: undefined }],
    ['names no tenant', { tenant: undefined }],
    ['names a tenant that is no text', { tenant: ['acme'] }],
    ['names a tenant that would break out of a key', { tenant: 'acme}:x{' }],
  ])('is refused when it %s', async (_what, changed) => {
    expect(await authenticatorOf()(await tokenOf(changed))).toBeUndefined()
  })

  it.each(['JWT', 'jwt', 'at+jwt', 'application/at+jwt'])('may be of type %s', async typ => {
    expect(await authenticatorOf()(await tokenOf({}, key, { typ }))).toBeDefined()
  })

  it.each(['logout+jwt', 'secevent+jwt', 'dpop+jwt', ''])('is refused when it is of type %j', async typ => {
    expect(await authenticatorOf()(await tokenOf({}, key, { typ }))).toBeUndefined()
  })

  it('is refused when its published key is too short for its algorithm', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    issuer.state.keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'short', alg: 'RS256', use: 'sig' }]
    const seconds = Math.floor(time.nowMs / 1000)
    const head = Buffer.from(JSON.stringify({ alg: 'RS256', kid: 'short' })).toString('base64url')
    const body = Buffer.from(JSON.stringify({ ...claims, exp: seconds + 300 })).toString('base64url')
    const signature = sign('sha256', Buffer.from(`${head}.${body}`), privateKey).toString('base64url')
    expect(await authenticatorOf()(`${head}.${body}.${signature}`)).toBeUndefined()
  })

  it('is taken within the clock skew', async () => {
    expect(await authenticatorOf()(await tokenOf({ exp: time.nowMs / 1000 - 29 }))).toBeDefined()
  })

  it('is refused for a tenant that its issuer may not speak for', async () => {
    const authenticate = authenticatorOf({ tenants: new Set(['other']) })
    expect(await authenticate(await tokenOf())).toBeUndefined()
    expect((await authenticate(await tokenOf({ tenant: 'other' })))?.caller.tenant).toBe('other')
  })

  it('is refused when its signature is none, of another key, by a shared secret, or its body was changed', async () => {
    const authenticate = authenticatorOf()
    expect(await authenticate(new UnsecuredJWT({ ...claims, exp: 9e9 }).encode())).toBeUndefined()
    const { privateKey } = await generateKeyPair('ES256')
    expect(await authenticate(await tokenOf({}, privateKey))).toBeUndefined()
    // The public key as a secret: what a verifier that trusts `alg` would take.
    const secret = new TextEncoder().encode(JSON.stringify(issuer.state.keys[0]))
    const byteSigned = await new SignJWT({ ...claims, exp: 9e9 }).setProtectedHeader({ alg: 'HS256' }).sign(secret)
    expect(await authenticate(byteSigned)).toBeUndefined()
    const [head = '', , tail = ''] = (await tokenOf()).split('.')
    const body = Buffer.from(JSON.stringify({ ...claims, tenant: 'other', exp: 9e9 })).toString('base64url')
    expect(await authenticate(`${head}.${body}.${tail}`)).toBeUndefined()
    expect(await authenticate('a.b.c')).toBeUndefined()
  })

  it('is refused by an algorithm that is not configured', async () => {
    const edKey = await issuer.addKey('ed', 'EdDSA')
    expect(await authenticatorOf()(await tokenOf({}, edKey, { alg: 'EdDSA', kid: 'ed' }))).toBeUndefined()
  })
})

describe('the keys of an issuer', () => {
  it('are read once for many tokens, and again for a key that is new, but not for one that is never there', async () => {
    const authenticate = authenticatorOf()
    const good = await tokenOf()
    await Promise.all([authenticate(good), authenticate(good), authenticate(good)])
    expect(issuer.state.asked).toBe(1)
    const second = await issuer.addKey('second')
    const rotated = await tokenOf({}, second, { kid: 'second' })
    // Within the cooldown nobody is asked: a flood of made-up key names costs the issuer nothing.
    expect(await authenticate(rotated)).toBeUndefined()
    expect(issuer.state.asked).toBe(1)
    time.nowMs += 30_000
    expect((await authenticate(await tokenOf({}, second, { kid: 'second' })))?.caller.tenant).toBe('acme')
    expect(issuer.state.asked).toBe(2)
    for (let made = 0; made < 5; made += 1)
      expect(await authenticate(await tokenOf({}, key, { kid: `made-up-${made}` }))).toBeUndefined()
    expect(issuer.state.asked).toBe(2)
  })

  it('that are withdrawn are not believed once they were read again', async () => {
    const authenticate = authenticatorOf()
    expect(await authenticate(await tokenOf())).toBeDefined()
    issuer.state.keys = []
    await issuer.addKey('second')
    time.nowMs += 600_000
    expect(await authenticate(await tokenOf())).toBeUndefined()
  })

  it('are believed for a while when the issuer is away, and then its tokens are UNAVAILABLE, not wrong', async () => {
    const authenticate = authenticatorOf()
    await authenticate(await tokenOf())
    issuer.state.status = 503
    time.nowMs += 601_000
    expect(await authenticate(await tokenOf())).toBeDefined()
    time.nowMs += 3_000_000
    await expect(authenticate(await tokenOf())).rejects.toMatchObject({
      code: 'Overloaded',
      details: { reason: 'ISSUER_AWAY' },
    })
    const { asked } = issuer.state
    await expect(authenticate(await tokenOf())).rejects.toMatchObject({ code: 'Overloaded' })
    expect(issuer.state.asked).toBe(asked)
    issuer.state.status = 200
    time.nowMs += 30_000
    expect(await authenticate(await tokenOf())).toBeDefined()
  })

  it('are not read when there are too many of them', async () => {
    issuer.state.padding = 'x'.repeat(300_000)
    await expect(authenticatorOf()(await tokenOf())).rejects.toMatchObject({ code: 'Overloaded' })
  })
})
