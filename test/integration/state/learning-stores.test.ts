import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { gatherFromRedis } from '#services/calibrate/load/read-redis'
import { noComparison } from '#services/router/policies/comparison'
import { createRedisPolicyStore } from '#services/router/policies/redis-policy-store'
import { createOutcomeKeys } from '#services/state/outcomes/outcome-keys'
import type { OutcomeRecord, RungOutcome } from '#services/state/outcomes/outcome-record'
import { createRedisOutcomeStore } from '#services/state/outcomes/redis-outcome-store'
import { connectRedis, whenReady, type RedisConnection } from '#services/platform/redis/connect'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'

let server: PrivateRedis
let redis: RedisConnection
let nowMs = 1_000_000
const clock = { now: () => nowMs }

beforeAll(async () => {
  server = await startPrivateRedis()
  redis = connectRedis({ url: server.url, commandTimeoutMs: 2000 }, pino({ level: 'silent' }))
  await whenReady(redis, 5000)
})
afterAll(async () => {
  redis?.disconnect()
  await server?.stop()
})
beforeEach(async () => {
  await redis.flushall()
  nowMs = 1_000_000
})

function rung(more: Partial<RungOutcome> = {}): RungOutcome {
  const measured = { outputChars: 3, costNanoUsd: 1000, latencyMs: 5 }
  return { rawConfidence: 0.5, confidence: 0.6, signals: {}, answer: 'x', ...measured, ...more }
}

function record(requestId: string, more: Partial<OutcomeRecord> = {}): OutcomeRecord {
  return {
    version: 1,
    requestId,
    at: 5,
    task: 'generate',
    ladder: 'talk',
    ladderRungs: ['small', 'large'],
    policyVersion: 'v1',
    source: 'shadow',
    delivered: 'small',
    features: { 'text.log_words': 1 },
    labels: {},
    rungs: { small: rung({ score: 1, scoreBy: 'agreement' }), large: rung({ score: 1, scoreBy: 'agreement' }) },
    ...more,
  }
}

describe('the outcome store', () => {
  const store = () => createRedisOutcomeStore({ prefix: 't', recordsPerTenant: 50, ttlMs: 60_000 }, redis, clock)
  const idsOf = async (tenant?: string): Promise<string[]> => {
    const ids: string[] = []
    for await (const kept of store().read('talk', tenant)) ids.push(kept.record.requestId)
    return ids
  }

  it('keeps tenants, versions and ladders apart, so that none pushes another’s records out', async () => {
    await store().append('quiet', record('q1'))
    for (let at = 0; at < 600; at += 1) await store().append('loud:one', record(`l${at}`))
    await store().append('quiet', record('q2', { policyVersion: 'uncalibrated-ab:c' }))
    await store().append('quiet', record('other', { ladder: 'ocr' }))
    expect((await idsOf('quiet')).toSorted()).toEqual(['q1', 'q2'])
    const loud = await idsOf('loud:one')
    // Redis trims whole nodes of about a hundred entries.
    expect(loud.length).toBeLessThan(200)
    expect(loud.at(-1)).toBe('l599')
    expect(await idsOf()).toHaveLength(loud.length + 2)
  })

  it('lets a stream end with its time to live, and forgets its name', async () => {
    await store().append('quiet', record('q1'))
    const keys = createOutcomeKeys('t')
    const name = { ladder: 'talk', policyVersion: 'v1', tenant: 'quiet' }
    expect(await redis.pttl(keys.stream(name))).toBeGreaterThan(0)
    nowMs += 120_000
    await redis.del(keys.stream(name))
    await store().append('other', record('o1'))
    expect(await redis.zrange(keys.index('talk'), '0', '-1')).toEqual([keys.memberOf({ ...name, tenant: 'other' })])
  })

  it('reads past what it does not understand, and long streams whole', async () => {
    const keys = createOutcomeKeys('t')
    const many = createRedisOutcomeStore({ prefix: 't', recordsPerTenant: 5000, ttlMs: 60_000 }, redis, clock)
    for (let at = 0; at < 1203; at += 1) await many.append('quiet', record(`q${at}`))
    const stream = keys.stream({ ladder: 'talk', policyVersion: 'v1', tenant: 'quiet' })
    await redis.xadd(stream, '*', 'record', '{"version":9}')
    await redis.xadd(stream, '*', 'other', 'no json')
    const ids = await idsOf()
    expect(ids).toHaveLength(1203)
    expect(new Set(ids).size).toBe(1203)
  })
})

describe('gatherFromRedis()', () => {
  it('joins what is known of a request, a caller’s later word outweighing all', async () => {
    const store = createRedisOutcomeStore({ prefix: 't', recordsPerTenant: 50, ttlMs: 60_000 }, redis, clock)
    await store.append('a', record('r1'))
    const said = (score: number, at: number): OutcomeRecord =>
      record('r1', { at, source: 'feedback', rungs: { small: rung({ score, scoreBy: 'caller' }) } })
    await store.append('a', said(1, 6))
    await store.append('a', said(0, 7))
    await store.append('b', record('r2', { at: 4, text: 'kept words', rungs: { small: rung() } }))
    const gathered = await gatherFromRedis(store, { ladder: 'talk' })
    expect(gathered.models).toEqual(['small', 'large'])
    const [first, second] = gathered.rows
    expect(first).toMatchObject({ id: 'r1', parts: [], features: { 'text.log_words': 1 } })
    expect(first?.outcomes).toMatchObject({ small: { score: 0, costUsd: 1e-6 }, large: { score: 1 } })
    expect(second).toMatchObject({ id: 'r2', parts: [{ kind: 'text', text: 'kept words' }] })
    expect(second?.outcomes['small']).not.toHaveProperty('score')
    expect(gathered.warnings.join('\n')).toMatch(/1 of 2 scores are agreement/u)
    expect((await gatherFromRedis(store, { ladder: 'talk' })).sha256).toBe(gathered.sha256)
    expect((await gatherFromRedis(store, { ladder: 'talk', tenant: 'b' })).rows).toHaveLength(1)
    await expect(gatherFromRedis(store, { ladder: 'nothing' })).rejects.toThrow(/no outcomes/u)
  })
})

describe('the policy store', () => {
  const store = () => createRedisPolicyStore('t', redis, clock)
  const files = (text: string): Map<string, Buffer> =>
    new Map([['policy.json', Buffer.from([0, 255, ...Buffer.from(text)])]])

  it('gives back the bytes, and keeps what has a role when old versions go', async () => {
    for (const version of ['first', 'second']) await store().put('talk', version, files(version))
    await store().setActive('talk', { version: 'first', over: 'base' })
    await store().setShadow('talk', 'second')
    for (let at = 0; at < 30; at += 1) {
      nowMs += 1
      await store().put('talk', `v${at}`, files(`v${at}`))
    }
    expect(Buffer.from((await store().get('talk', 'first'))?.get('policy.json') ?? [])).toEqual(
      files('first').get('policy.json'),
    )
    expect(await store().get('talk', 'second')).toBeDefined()
    expect(await store().get('talk', 'v0')).toBeUndefined()
    expect(await store().get('talk', 'v29')).toBeDefined()
    expect(await store().versions('talk')).toHaveLength(16)
    expect(await store().roles('talk')).toEqual({ active: { version: 'first', over: 'base' }, shadow: 'second' })
    await store().setActive('talk', undefined)
    await store().setShadow('talk', undefined)
    expect(await store().roles('talk')).toEqual({})
  })

  it('adds comparisons of all routers up, pair by pair', async () => {
    const pair = { active: 'a', shadow: 's' }
    const once = { ...noComparison, requests: 2, same: 1, escalatesMore: 1, shadowCostNanoUsd: 300 }
    await Promise.all([store().addComparison('talk', pair, once), store().addComparison('talk', pair, once)])
    expect(await store().comparison('talk', pair)).toEqual({
      ...once,
      requests: 4,
      same: 2,
      escalatesMore: 2,
      shadowCostNanoUsd: 600,
    })
    expect(await store().comparison('talk', { ...pair, shadow: 'other' })).toEqual(noComparison)
  })
})
