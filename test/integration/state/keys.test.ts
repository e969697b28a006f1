import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createStoreAuthenticator } from '#services/router/edge/auth/authenticate-by-store'
import { createKeys, type Keys } from '#services/router/edge/auth/keys/keys'
import { createRedisKeyStore } from '#services/router/edge/auth/keys/redis-key-store'
import type { KeyStore } from '#services/router/edge/auth/keys/key-store'
import { hashCredential } from '#services/state/api-keys/api-key'
import { connectRedis, whenReady, type RedisConnection } from '#services/platform/redis/connect'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'

let server: PrivateRedis
let redis: RedisConnection
let store: KeyStore
let keys: Keys
let changes: number
const time = { nowMs: 1_700_000_000_000 }
const clock = { now: () => time.nowMs }
const dayMs = 86_400_000

const prove = (text: string) => createStoreAuthenticator(store, clock)(text, hashCredential(text))
const wanted = { id: 'ci', tenant: 'acme', scopes: ['infer'], note: 'for the build' }

beforeAll(async () => {
  server = await startPrivateRedis()
  redis = connectRedis({ url: server.url, commandTimeoutMs: 2000 }, pino({ level: 'silent' }))
  await whenReady(redis, 10_000)
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})
beforeEach(async () => {
  await redis.flushall()
  changes = 0
  store = createRedisKeyStore('t', redis)
  keys = createKeys({ store, clock, configured: new Set(['listed']), changed: () => (changes += 1) })
})

describe('a key of the store', () => {
  it('lets its caller in by its text alone', async () => {
    const { text } = await keys.create(wanted)
    expect(await prove(text)).toMatchObject({ caller: { tenant: 'acme', credentialId: 'ci', scopes: ['infer'] } })
    expect(await prove(`${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`)).toBeUndefined()
    expect(await prove(text.replace('_ci_', '_cj_'))).toBeUndefined()
    expect(await prove(hashCredential(text).toString('hex'))).toBeUndefined()
    expect(await prove('sluice_ci_')).toBeUndefined()
  })

  it('is at rest as a hash: nothing in Redis gives its text', async () => {
    const { text } = await keys.create(wanted)
    const secret = text.slice('sluice_ci_'.length)
    const names = await redis.keys('*')
    expect(names).toEqual(['t:{keys}:records'])
    const kept = JSON.stringify(await redis.hgetall('t:{keys}:records'))
    expect(kept).toContain(hashCredential(text).toString('hex'))
    expect(kept).not.toContain(secret)
    expect(JSON.stringify(await keys.list())).not.toContain(secret)
  })

  it('is rotated with an overlap, after which only the new secret is taken', async () => {
    const first = await keys.create(wanted)
    const second = await keys.rotate('ci', dayMs)
    expect(second.text).not.toBe(first.text)
    expect((await prove(first.text))?.until).toBe(time.nowMs + dayMs)
    expect((await prove(second.text))?.until).toBe(Number.POSITIVE_INFINITY)
    time.nowMs += dayMs
    expect(await prove(first.text)).toBeUndefined()
    expect(await prove(second.text)).toBeDefined()
    expect(changes).toBe(1)
  })

  it('that is rotated again does not lengthen the life of its oldest secret', async () => {
    const first = await keys.create(wanted)
    await keys.rotate('ci', 1000)
    const third = await keys.rotate('ci', dayMs)
    expect((await prove(first.text))?.until).toBe(time.nowMs + 1000)
    const fourth = await keys.rotate('ci', 0)
    expect(await prove(first.text)).toBeUndefined()
    expect(await prove(third.text)).toBeUndefined()
    expect(await prove(fourth.text)).toBeDefined()
  })

  it('is revoked with all its secrets for good', async () => {
    const first = await keys.create(wanted)
    const second = await keys.rotate('ci', dayMs)
    const revoked = await keys.revoke('ci')
    expect(revoked.revokedAt).toBe(time.nowMs)
    expect(await prove(first.text)).toBeUndefined()
    expect(await prove(second.text)).toBeUndefined()
    await expect(keys.rotate('ci', 0)).rejects.toMatchObject({ code: 'NotFound' })
    await expect(keys.create(wanted)).rejects.toMatchObject({ code: 'AlreadyExists' })
    expect(await keys.list()).toMatchObject([{ id: 'ci', secrets: [] }])
  })

  it('ends at its time', async () => {
    const { text } = await keys.create({ ...wanted, expiresAt: time.nowMs + 1000 })
    expect((await prove(text))?.until).toBe(time.nowMs + 1000)
    time.nowMs += 1000
    expect(await prove(text)).toBeUndefined()
  })

  it('keeps every rotation when several come at once', async () => {
    await keys.create(wanted)
    const issued = await Promise.all([1, 2, 3, 4].map(() => keys.rotate('ci', dayMs)))
    const proofs = await Promise.all(issued.map(({ text }) => prove(text)))
    expect(proofs.filter(proof => proof === undefined)).toEqual([])
  })

  it.each([
    ['id', { id: 'Not a name' }],
    ['tenant', { tenant: '' }],
    ['tenant', { tenant: 'a}b' }],
    ['scopes', { scopes: [] }],
    ['scopes', { scopes: ['infer', 'root'] }],
    ['note', { note: 'x'.repeat(257) }],
    ['expires_at', { expiresAt: 1 }],
  ])('is not made with a bad %s', async (field, changed) => {
    await expect(keys.create({ ...wanted, ...changed })).rejects.toMatchObject({
      code: 'InvalidRequest',
      details: { violations: [{ field }] },
    })
  })

  it('never bears the id of a key of the configuration, and is made up an id when it is given none', async () => {
    await expect(keys.create({ ...wanted, id: 'listed' })).rejects.toMatchObject({ code: 'AlreadyExists' })
    const { key, text } = await keys.create({ ...wanted, id: '' })
    expect(key.id).toMatch(/^key-[0-9a-f]{10}$/u)
    expect(await prove(text)).toBeDefined()
  })

  it('says that the store is away, not that the key is wrong', async () => {
    const { text } = await keys.create(wanted)
    const away = connectRedis({ url: 'unix:///nowhere', commandTimeoutMs: 50 }, pino({ level: 'silent' }))
    const proving = createStoreAuthenticator(createRedisKeyStore('t', away), clock)(text, hashCredential(text))
    await expect(proving).rejects.toMatchObject({ code: 'Overloaded' })
    away.disconnect()
  })
})
