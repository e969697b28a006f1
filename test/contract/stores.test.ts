import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createRequestId, legIdOf } from '#services/contract/ids'
import { connectRedis, whenReady, type RedisConnection } from '#services/platform/redis/connect'
import type { KeyStore, StoredKey } from '#services/router/edge/auth/keys/key-store'
import { createRedisKeyStore } from '#services/router/edge/auth/keys/redis-key-store'
import type { OutcomeRecord } from '#services/state/outcomes/outcome-record'
import type { OutcomeStore } from '#services/state/outcomes/outcome-store'
import { createRedisOutcomeStore } from '#services/state/outcomes/redis-outcome-store'
import type { PayloadStore } from '#services/state/payloads/payload-store'
import { createRedisPayloadStore } from '#services/state/payloads/redis-payload-store'
import { createRedisWorkerRegistry } from '#services/state/registry/redis-worker-registry'
import type { WorkerRegistry } from '#services/state/registry/worker-registry'
import { createRedisSessionStore } from '#services/state/sessions/redis-session-store'
import type { SessionStore } from '#services/state/sessions/session-store'
import type { ReplyStream, ReplySender, RouterMessage } from '#services/state/replies/reply-stream'
import { createReplySender, createRedisReplyStream } from '#services/state/replies/redis-reply-stream'
import {
  createMemoryKeys,
  createMemoryOutcomes,
  createMemoryPayloads,
  createMemoryRegistry,
  createMemoryReplies,
  createMemorySessions,
} from '../support/stores/memory-stores.ts'
import { startPrivateRedis, type PrivateRedis } from '../support/private-redis.ts'
import { workerState } from '../support/worker/worker-state.ts'

const logger = pino({ level: 'silent' })
const prefix = 'c'
const time = { nowMs: 1_000_000 }
const clock = { now: () => time.nowMs }
let server: PrivateRedis
let redis: RedisConnection

beforeAll(async () => {
  server = await startPrivateRedis()
  redis = connect()
  await whenReady(redis, 5000)
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})
beforeEach(async () => {
  await redis.flushall()
  time.nowMs = 1_000_000
})

function connect(): RedisConnection {
  return connectRedis({ url: server.url, commandTimeoutMs: 2000 }, logger)
}

/** The same port, made twice. */
function both<Port>(inRedis: () => Port, inMemory: () => Port): readonly (readonly [string, () => Port])[] {
  return [
    ['in Redis', inRedis],
    ['in memory', inMemory],
  ]
}

const quotaBytes = 1000
const payloadStores = both<PayloadStore>(
  () => createRedisPayloadStore({ prefix, quotaBytes }, redis, clock),
  () => createMemoryPayloads(quotaBytes, clock),
)

describe.each(payloadStores)('payloads %s', (_name, create) => {
  const bytes = new Uint8Array(600).map((_, index) => index % 256)

  it('are kept as they are, for their tenant alone', async () => {
    const store = create()
    const id = await store.put('t', bytes, 5000)
    expect(new Uint8Array((await store.get('t', id)) ?? [])).toEqual(bytes)
    expect(await store.get('u', id)).toBeUndefined()
  })

  it('stay within the quota of each tenant, which what is removed and what is over leave', async () => {
    const store = create()
    const id = await store.put('t', bytes, 5000)
    await expect(store.put('t', bytes, 5000)).rejects.toMatchObject({ code: 'TooLarge' })
    await store.put('u', bytes, 5000)
    await store.remove('t', [id])
    expect(await store.get('t', id)).toBeUndefined()
    await store.put('t', bytes, 5000)
    time.nowMs += 6000
    await store.put('t', bytes, 5000)
  })

  it('that are kept for longer count for longer', async () => {
    const store = create()
    await store.keep('t', [await store.put('t', bytes, 5000)], 60_000)
    time.nowMs += 6000
    await expect(store.put('t', bytes, 5000)).rejects.toMatchObject({ code: 'TooLarge' })
  })
})

const registries = both<WorkerRegistry>(
  () => createRedisWorkerRegistry(prefix, redis, clock),
  () => createMemoryRegistry(clock),
)

describe('the registry in Redis', () => {
  it('lists the others where a heartbeat cannot be read, and forgets that one', async () => {
    const registry = createRedisWorkerRegistry(prefix, redis, clock)
    const state = workerState()
    await registry.beat(state, 3000)
    await redis.hset(`${prefix}:{workers}:alive`, 'broken', '{"state":')
    expect(await registry.list()).toEqual([state])
    expect(await redis.hkeys(`${prefix}:{workers}:alive`)).toEqual([state.workerId])
  })

  it('counts nobody as alive whose heartbeat is from before the time was set back', async () => {
    const registry = createRedisWorkerRegistry(prefix, redis, clock)
    const [dead, living] = ['dead', 'living'].map(workerId => workerState({ workerId }))
    await Promise.all([registry.beat(dead!, 3000), registry.beat(living!, 3000)])
    time.nowMs -= 3_600_000
    expect(await registry.list()).toEqual([])
    await registry.beat(living!, 3000)
    expect(await registry.list()).toEqual([living])
    time.nowMs += 3_600_000
  })
})

describe.each(registries)('the registry %s', (_name, create) => {
  it('lists the living, forgets the silent and those that left', async () => {
    const registry = create()
    const [one, other] = ['one', 'other'].map(workerId => workerState({ workerId }))
    await registry.beat(one!, 3000)
    await registry.beat(other!, 9000)
    expect((await registry.list()).map(({ workerId }) => workerId).toSorted()).toEqual(['one', 'other'])
    time.nowMs += 3001
    expect(await registry.list()).toEqual([other])
    await registry.leave('other')
    expect(await registry.list()).toEqual([])
  })

  it('tells who is to drain, at the next beat and in every list before it', async () => {
    const registry = create()
    const state = workerState()
    expect(await registry.beat(state, 3000)).toEqual({ drain: false, shut: [] })
    await registry.setDraining([state.workerId], true)
    expect(await registry.list()).toEqual([{ ...state, draining: true }])
    expect(await registry.beat(state, 3000)).toEqual({ drain: true, shut: [] })
    await registry.setDraining([state.workerId], false)
    expect(await registry.list()).toEqual([state])
  })

  it('tells at a beat what any process has shut off, for as long as it is', async () => {
    const registry = create()
    const [state, other] = [workerState(), { ...workerState(), workerId: 'other' }]
    const shut = { endpoint: 'chat 0123', untilAt: clock.now() + 5000 }
    await registry.beat(state, 3000, [shut])
    expect((await registry.beat(other, 3000)).shut).toEqual([shut])
    const later = { ...shut, untilAt: shut.untilAt + 5000 }
    await registry.beat(state, 3000, [later])
    expect((await registry.beat(other, 3000)).shut).toEqual([later])
    time.nowMs += 10_001
    expect((await registry.beat(other, 3000)).shut).toEqual([])
  })
})

const outcomeStores = both<OutcomeStore>(
  () => createRedisOutcomeStore({ prefix, recordsPerTenant: 50, ttlMs: 60_000 }, redis, clock),
  () => createMemoryOutcomes(50),
)

describe.each(outcomeStores)('outcomes %s', (_name, create) => {
  const record = (requestId: string, more: Partial<OutcomeRecord> = {}): OutcomeRecord => ({
    version: 1,
    requestId,
    at: 5,
    task: 'generate',
    ladder: 'talk',
    ladderRungs: ['small', 'large'],
    policyVersion: 'v1',
    source: 'shadow',
    delivered: 'small',
    features: {},
    labels: {},
    rungs: {},
    ...more,
  })
  const idsOf = async (store: OutcomeStore, ladder: string, tenant?: string): Promise<string[]> => {
    const ids: string[] = []
    for await (const kept of store.read(ladder, tenant)) ids.push(kept.record.requestId)
    return ids
  }

  it('come back oldest first, by ladder and by tenant', async () => {
    const store = create()
    for (const id of ['a', 'b']) await store.append('t', record(id))
    await store.append('u', record('c'))
    await store.append('t', record('d', { ladder: 'other' }))
    expect(await idsOf(store, 'talk', 't')).toEqual(['a', 'b'])
    expect((await idsOf(store, 'talk')).toSorted()).toEqual(['a', 'b', 'c'])
    expect(await idsOf(store, 'other')).toEqual(['d'])
    expect(await idsOf(store, 'nothing')).toEqual([])
  })

  it('of a loud tenant push out its own oldest, and nobody else’s', async () => {
    const store = create()
    await store.append('quiet', record('q'))
    for (let at = 0; at < 300; at += 1) await store.append('loud', record(`l${at}`))
    const loud = await idsOf(store, 'talk', 'loud')
    expect(loud.length).toBeLessThan(200)
    expect(loud.at(-1)).toBe('l299')
    expect(await idsOf(store, 'talk', 'quiet')).toEqual(['q'])
  })
})

const keyStores = both<KeyStore>(
  () => createRedisKeyStore(prefix, redis),
  () => createMemoryKeys(),
)

describe.each(keyStores)('API keys %s', (_name, create) => {
  const key = (id: string): StoredKey => ({
    id,
    tenant: 't',
    scopes: ['infer'],
    note: '',
    createdAt: 1,
    secrets: [{ sha256: 'ab'.repeat(32) }],
  })

  it('are created once, found and listed', async () => {
    const store = create()
    expect(await store.create(key('one'))).toBe(true)
    expect(await store.create({ ...key('one'), tenant: 'thief' })).toBe(false)
    expect(await store.create(key('two'))).toBe(true)
    expect(await store.find('one')).toEqual(key('one'))
    expect(await store.find('three')).toBeUndefined()
    expect((await store.list()).map(({ id }) => id).toSorted()).toEqual(['one', 'two'])
  })

  it('lose no change when several come at once', async () => {
    const store = create()
    await store.create(key('one'))
    const add = (note: string) => store.change('one', before => ({ ...before, note: `${before.note}${note},` }))
    await Promise.all(['a', 'b', 'c', 'd'].map(add))
    expect((await store.find('one'))?.note.split(',').toSorted().join('')).toBe('abcd')
    expect(await store.change('three', before => before)).toBeUndefined()
  })
})

const sessionStores = both<SessionStore>(
  () => createRedisSessionStore(prefix, redis),
  () => createMemorySessions(clock),
)

describe.each(sessionStores)('choices of conversations %s', (_name, create) => {
  const choice = { rung: 'large', tokens: 1200, answeredAt: 5 }
  const other = { rung: 'small', tokens: 10, answeredAt: 6 }

  it('are found by the first key that has one, for their tenant alone', async () => {
    const store = create()
    await store.remember('t', 'h:older', other)
    expect(await store.find('t', ['h:newest', 'h:older'])).toEqual(other)
    await store.remember('t', 'h:newest', choice)
    expect(await store.find('t', ['h:newest', 'h:older'])).toEqual(choice)
    expect(await store.find('u', ['h:newest', 'h:older'])).toBeUndefined()
    expect(await store.find('t', [])).toBeUndefined()
  })

  it('are those of the last turn', async () => {
    const store = create()
    await store.remember('t', 'k:one', choice)
    await store.remember('t', 'k:one', other)
    expect(await store.find('t', ['k:one'])).toEqual(other)
  })
})

it('a choice of a conversation leaves Redis after an hour, which each turn begins again', async () => {
  const store = createRedisSessionStore(prefix, redis)
  await store.remember('t', 'k:one', { rung: 'large', tokens: 1, answeredAt: 1 })
  const [key = ''] = await redis.keys('*')
  await redis.pexpire(key, 1000)
  await store.remember('t', 'k:one', { rung: 'large', tokens: 2, answeredAt: 2 })
  const left = await redis.pttl(key)
  expect(left).toBeGreaterThan(3_500_000)
  expect(left).toBeLessThanOrEqual(3_600_000)
})

interface Replies {
  readonly sender: ReplySender
  readonly box: ReplyStream<RouterMessage>
}
const replies = both<Replies>(
  () => ({
    sender: createReplySender(prefix, redis),
    box: createRedisReplyStream<RouterMessage>(
      { prefix, name: 'r', ttlMs: 60_000 },
      { reader: connect(), redis, logger },
    ),
  }),
  () => {
    const sender = createMemoryReplies()
    return { sender, box: sender.open('r') }
  },
)

describe.each(replies)('a reply stream %s', (_name, create) => {
  it('hands over what its reader was sent, in order, once, be it from before it listened', async () => {
    const { sender, box } = create()
    const legId = legIdOf(createRequestId(1), 0)
    const send = (offset: number, to = 'r') => sender.send(to, { kind: 'delta', legId, attempt: 1, offset, text: 'x' })
    const seen: number[] = []
    for (let offset = 0; offset < 20; offset += 1) await send(offset)
    await send(99, 'another')
    box.listen(message => message.kind === 'delta' && seen.push(message.offset))
    await expect.poll(() => seen.length).toBe(20)
    for (let offset = 20; offset < 40; offset += 1) await send(offset)
    await expect.poll(() => seen.length).toBe(40)
    expect(seen).toEqual(Array.from({ length: 40 }, (_, index) => index))
    await box.close()
  })
})
