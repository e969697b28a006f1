import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createAuthenticate, demandScope } from '#services/router/edge/auth/authenticate'
import { readNetworks } from '#services/router/admit/fetch/inside-addresses'
import { createClientAddress } from '#services/router/edge/auth/client-address'
import { readCredential } from '#services/router/edge/auth/read-credential'
import { createFailureLimiter } from '#services/router/edge/auth/failure-limiter'
import type { Authenticator } from '#services/router/edge/auth/authenticator'
import { createListAuthenticator } from '#services/router/edge/auth/authenticate-by-list'
import { createCredentialCache } from '#services/router/edge/auth/credential-cache'
import type { Caller } from '#services/router/request/states'

const sha256 = (key: string): string => createHash('sha256').update(key).digest('hex')
const keys = [
  { id: 'one', sha256: sha256('key-of-one'), tenant: 'a', scopes: ['infer'] },
  { id: 'two', sha256: sha256('key-of-two'), tenant: 'b', scopes: ['infer', 'admin'] },
] as const
const anonymous: Caller = { tenant: 'local', credentialId: 'anonymous', scopes: ['infer'] }
const slowCaller: Caller = { tenant: 'c', credentialId: 'proven', scopes: ['infer'] }

/** An authentication whose one expensive authenticator knows `slow-key` and counts how often it was asked. */
function authenticationOf({
  perMinute = 1000,
  rememberMs = 1000,
  anonymousCaller = undefined as Caller | undefined,
  peers = 3,
} = {}) {
  const time = { nowMs: 1_000_000 }
  const clock = { now: () => time.nowMs }
  const asked: string[] = []
  const authenticator: Authenticator = async credential => {
    asked.push(credential)
    await Promise.resolve()
    return credential === 'slow-key' ? { caller: slowCaller, until: Number.POSITIVE_INFINITY } : undefined
  }
  const cache = createCredentialCache({ rememberMs, most: 2 }, clock)
  const authenticate = createAuthenticate(anonymousCaller === undefined ? {} : { anonymous: anonymousCaller }, {
    listed: createListAuthenticator(keys),
    authenticators: [authenticator],
    cache,
    failures: createFailureLimiter({ perMinute, peers }, clock),
  })
  return { authenticate, asked, cache, time }
}

describe('authenticate()', () => {
  it.each([
    ['Bearer key-of-one', { credentialId: 'one', credentialKind: 'listed', tenant: 'a', scopes: ['infer'] }],
    ['Bearer   key-of-one', { credentialId: 'one', credentialKind: 'listed', tenant: 'a', scopes: ['infer'] }],
    ['bearer key-of-two', { credentialId: 'two', credentialKind: 'listed', tenant: 'b', scopes: ['infer', 'admin'] }],
  ])('knows the caller of %s without asking anybody', async (authorization, caller) => {
    const { authenticate, asked } = authenticationOf()
    expect(await authenticate(authorization)).toEqual(caller)
    expect(asked).toEqual([])
  })

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer    ',
    'Bearer\tkey-of-one',
    'Bearerkey-of-one',
    'Bearer key-of-On3',
    'Bearer key-of-one extra',
    'Basic a2V5LW9mLW9uZQ==',
    'key-of-one',
    `Bearer ${sha256('key-of-one')}`,
    `Bearer ${'x'.repeat(9000)}`,
  ])('refuses %j without repeating it', async authorization => {
    const refused: unknown = await authenticationOf()
      .authenticate(authorization)
      .catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'Unauthenticated' })
    expect(JSON.stringify([String(refused), refused])).not.toMatch(/key-of|xxxx/u)
  })

  it('takes a call without a credential for the anonymous caller only where there is one', async () => {
    const { authenticate } = authenticationOf({ anonymousCaller: anonymous })
    expect(await authenticate(undefined)).toBe(anonymous)
    for (const unusable of ['', 'Bearer', 'Bearer ', 'key-of-one', 'Basic a2V5']) {
      await expect(authenticate(unusable), unusable).rejects.toMatchObject({
        code: 'Unauthenticated',
        details: { reason: 'CREDENTIAL_UNUSABLE' },
      })
    }
    await expect(authenticate('Bearer wrong')).rejects.toThrow(/is unknown or has expired/u)
    expect((await authenticate('Bearer key-of-one')).tenant).toBe('a')
  })

  it('does not look an oversized credential up', async () => {
    const { authenticate, asked } = authenticationOf()
    await expect(authenticate(`Bearer ${'x'.repeat(9000)}`)).rejects.toThrow(/is unknown or has expired/u)
    expect(asked).toEqual([])
  })

  it('proves once for many who ask at once, and again when its memory is over', async () => {
    const { authenticate, asked, time } = authenticationOf({ rememberMs: 1000 })
    await Promise.all([1, 2, 3].map(() => authenticate('Bearer slow-key')))
    await authenticate('Bearer slow-key')
    expect(asked).toEqual(['slow-key'])
    time.nowMs += 1000
    expect(await authenticate('Bearer slow-key')).toEqual(slowCaller)
    expect(asked).toEqual(['slow-key', 'slow-key'])
  })

  it('forgets what it has proven when told, also what is being proven at that moment', async () => {
    const { authenticate, asked, cache } = authenticationOf()
    const under = authenticate('Bearer slow-key')
    cache.clear()
    await under
    await authenticate('Bearer slow-key')
    expect(asked).toHaveLength(2)
  })
})

describe('a peer that shows wrong credentials', () => {
  it('is not listened to after as many as are allowed, and again after a while', async () => {
    const { authenticate, asked, time } = authenticationOf({ perMinute: 3 })
    for (const tried of ['a', 'b', 'c'])
      await expect(authenticate(`Bearer ${tried}`, '10.0.0.1:1')).rejects.toMatchObject({ code: 'Unauthenticated' })
    await expect(authenticate('Bearer d', '10.0.0.1:2')).rejects.toMatchObject({
      code: 'RateLimited',
      details: { reason: 'CREDENTIAL_FAILURES', retryAfterMs: 20_000 },
    })
    expect(asked).toEqual(['a', 'b', 'c'])
    await expect(authenticate('Bearer e', '10.0.0.2:1')).rejects.toMatchObject({ code: 'Unauthenticated' })
    time.nowMs += 20_000
    await expect(authenticate('Bearer f', '10.0.0.1:3')).rejects.toMatchObject({ code: 'Unauthenticated' })
    await expect(authenticate('Bearer g', '10.0.0.1:4')).rejects.toMatchObject({ code: 'RateLimited' })
  })

  it('does not lock out who shares its address and is known already', async () => {
    const { authenticate } = authenticationOf({ perMinute: 1 })
    await authenticate('Bearer slow-key', '10.0.0.1:1')
    await expect(authenticate('Bearer wrong', '10.0.0.1:1')).rejects.toMatchObject({ code: 'Unauthenticated' })
    expect(await authenticate('Bearer slow-key', '10.0.0.1:1')).toEqual(slowCaller)
    expect((await authenticate('Bearer key-of-one', '10.0.0.1:1')).tenant).toBe('a')
    await expect(authenticate('Bearer other', '10.0.0.1:1')).rejects.toMatchObject({ code: 'RateLimited' })
  })

  it('locks out neither other keys behind its address nor, once they were good, those that must be proven again', async () => {
    const { authenticate, asked, time } = authenticationOf({ perMinute: 2, rememberMs: 1000 })
    const keyOf = (id: string): string => `Bearer sluice_${id}_${'x'.repeat(43)}`
    await authenticate('Bearer slow-key', '10.0.0.1:1')
    for (let turn = 0; turn < 2; turn += 1) {
      await expect(authenticate(keyOf('guessed'), '10.0.0.1:1')).rejects.toMatchObject({ code: 'Unauthenticated' })
      await expect(authenticate('Bearer no-key', '10.0.0.1:1')).rejects.toMatchObject({ code: 'Unauthenticated' })
    }
    await expect(authenticate(keyOf('guessed'), '10.0.0.1:1')).rejects.toMatchObject({ code: 'RateLimited' })
    await expect(authenticate('Bearer no-key', '10.0.0.1:1')).rejects.toMatchObject({ code: 'RateLimited' })
    // Another key id is looked up, and a credential that was good before is too.
    await expect(authenticate(keyOf('mine'), '10.0.0.1:1')).rejects.toMatchObject({ code: 'Unauthenticated' })
    time.nowMs += 1001
    expect(await authenticate('Bearer slow-key', '10.0.0.1:1')).toEqual(slowCaller)
    expect(asked.filter(one => one === 'slow-key')).toHaveLength(2)
  })

  it('may not go through key ids without end', async () => {
    const { authenticate } = authenticationOf({ perMinute: 1, peers: 1000 })
    const refused: unknown[] = []
    for (let id = 0; id < 120; id += 1) {
      const guess = authenticate(`Bearer sluice_id${id}_${'x'.repeat(43)}`, '10.0.0.1:1')
      refused.push(await guess.catch((error: unknown) => (error as { code: string }).code))
    }
    expect(refused.filter(code => code === 'Unauthenticated')).toHaveLength(100)
    expect(refused.at(-1)).toBe('RateLimited')
  })

  it('is one peer with all of its IPv6 network, and its failures fill no memory', async () => {
    const { authenticate } = authenticationOf({ perMinute: 1 })
    await expect(authenticate('Bearer a', '2001:db8:1:2:3::4:50')).rejects.toMatchObject({ code: 'Unauthenticated' })
    await expect(authenticate('Bearer b', '2001:db8:1:2:9::1:60')).rejects.toMatchObject({ code: 'RateLimited' })
    await expect(authenticate('Bearer c', '2001:db8:1:3::1:60')).rejects.toMatchObject({ code: 'Unauthenticated' })
    for (const at of [1, 2, 3, 4]) await authenticate('Bearer d', `10.0.0.${at}:1`).catch(() => undefined)
    // Three are remembered, so the first has been forgotten.
    await expect(authenticate('Bearer e', '2001:db8:1:2::1:60')).rejects.toMatchObject({ code: 'Unauthenticated' })
  })
})

describe('readCredential()', () => {
  const read = (headers: Readonly<Record<string, readonly string[]>>): string | undefined =>
    readCredential(header => headers[header] ?? [])

  it('takes x-api-key for the same as a bearer', () => {
    expect(read({ 'x-api-key': ['k'] })).toBe('Bearer k')
    expect(read({ authorization: ['Bearer k'] })).toBe('Bearer k')
    expect(read({ authorization: ['Bearer k'], 'x-api-key': ['k'] })).toBe('Bearer k')
    expect(read({ authorization: ['bearer   k'], 'x-api-key': ['k'] })).toBe('Bearer k')
    expect(read({})).toBeUndefined()
  })

  it.each([
    [{ authorization: ['Bearer a'], 'x-api-key': ['b'] }, 'differ'],
    [{ authorization: ['Bearer a', 'Bearer b'] }, 'differ'],
    [{ 'x-api-key': ['a', 'b'] }, 'differ'],
    [{ 'api-key': ['a'] }, 'api-key'],
    [{ 'x-goog-api-key': ['a'] }, 'x-goog-api-key'],
    [{ 'proxy-authorization': ['Basic a'] }, 'proxy-authorization'],
  ])('refuses %j and says why', (headers, why) => {
    expect(() => read(headers)).toThrow(
      expect.objectContaining({ code: 'Unauthenticated', message: expect.stringContaining(why) as string }),
    )
  })

  it('is not in the way of a credential by headers that are meant for others', () => {
    expect(read({ authorization: ['Bearer k'], 'proxy-authorization': ['Basic a'] })).toBe('Bearer k')
  })
})

describe('demandScope()', () => {
  it.each([
    ['anonymous', /auth\.anonymousScopes \(infer\)/u],
    ['listed', /auth\.keys\[\]\.scopes/u],
    ['token', /auth\.tokens\[\]\.scopesClaim/u],
    ['stored', /sluice keys create --scope admin/u],
  ] as const)('names what grants a scope: %s', (credentialKind, setting) => {
    expect(() => demandScope({ ...anonymous, credentialKind }, 'admin')).toThrow(setting)
  })

  it('refuses a scope that the credential lacks, by its own status', () => {
    expect(() => demandScope(anonymous, 'infer')).not.toThrow()
    expect(() => demandScope(anonymous, 'admin')).toThrow(expect.objectContaining({ code: 'PermissionDenied' }))
  })
})

describe('the address of a client', () => {
  const addressOf = createClientAddress(readNetworks(['10.0.0.0/8', 'fd00::/8']))

  it.each([
    ['its peer without a proxy', '192.0.2.7:4000', [], '192.0.2.7:4000'],
    ['its peer, whatever a client says of itself', '192.0.2.7:4000', ['203.0.113.9'], '192.0.2.7:4000'],
    ['what a trusted proxy says', '10.1.2.3:4000', ['203.0.113.9'], '203.0.113.9'],
    ['the last hop that is no proxy', '10.1.2.3:4000', ['198.51.100.1, 203.0.113.9, 10.9.9.9'], '203.0.113.9'],
    ['over several headers', '10.1.2.3:4000', ['198.51.100.1', '203.0.113.9:555'], '203.0.113.9'],
    ['over IPv6', '[fd00::1]:4000', ['2001:db8::7'], '2001:db8::7'],
    ['the proxy where it says nothing of use', '10.1.2.3:4000', ['unknown'], '10.1.2.3:4000'],
  ])('is %s', (_what, peer, forwardedFor, address) => {
    expect(addressOf(peer, forwardedFor)).toBe(address)
  })
})
