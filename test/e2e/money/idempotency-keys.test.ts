import { status } from '@grpc/grpc-js'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import { deploy, servedNanoUsd, type Deployment, type Router } from '../../support/faults/deployment.ts'
import { startForwarder } from '../../support/faults/forwarder.ts'
import { playKeyedCalls } from '../../support/faults/keyed-calls.ts'
import { startModelServer, type ModelServer } from '../../support/faults/model-server.ts'
import { bookedNanoUsd } from '../../support/faults/report.ts'
import { until } from '../../support/gateway.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import { connect, textRequest } from '../../support/processes.ts'

let redis: PrivateRedis
let control: Redis
let models: ModelServer
let deployment: Deployment

async function setUp(): Promise<void> {
  ;[redis, models] = await Promise.all([startPrivateRedis(), startModelServer()])
  control = new Redis(redis.socketPath)
  deployment = await deploy({ redisUrl: redis.url, modelUrl: models.baseUrl })
}

async function tearDown(): Promise<void> {
  await deployment?.stop()
  control?.disconnect()
  await Promise.all([models?.close(), redis?.stop()])
}

const router = (index: number): Router => {
  const found = deployment.routers[index]
  if (found === undefined) throw new Error(`there is no router ${index}`)
  return found
}

let asked = 0

/** A request with a key of its own, whose answer takes long enough to leave before it. */
function keyedRequest(more: InferRequest = {}): { readonly mark: string; readonly request: InferRequest } {
  asked += 1
  const mark = `#asked-${asked}`
  return { mark, request: textRequest(`${mark} delay=1500 say something`, { idempotencyKey: mark, ...more }) }
}

const timesBegun = (mark: string): number => models.begun.filter(one => one === mark).length

const untilBegun = (mark: string): Promise<number> =>
  until(
    `${mark} at the model server`,
    async () => timesBegun(mark),
    times => times > 0,
  )

/** Asks as a client does that leaves, and leaves when the model is at work. */
async function leave(request: InferRequest, mark: string): Promise<void> {
  const { raw } = router(0).client
  const ended = new Promise<number | undefined>(resolve => {
    const call = raw.infer(request, error => resolve(error?.code))
    void untilBegun(mark).then(() => call.cancel())
  })
  expect(await ended).toBe(status.CANCELLED)
}

async function bookedFor(work: () => Promise<void>): Promise<number> {
  const { tenant: before } = await bookedNanoUsd(control)
  await work()
  return (await bookedNanoUsd(control)).tenant - before
}

describe('a request with an idempotency key', () => {
  beforeAll(setUp)
  afterAll(tearDown)

  it('is answered and paid once when its first caller resets the connection', async () => {
    const { mark, request } = keyedRequest()
    const forwarder = await startForwarder(String(router(0).process.ready['grpc']))
    const client = connect(forwarder.address)
    const paid = await bookedFor(async () => {
      const first = client.infer(request, { deadlineMs: 10_000 })
      await untilBegun(mark)
      forwarder.reset()
      expect((await first).failure?.status).toBe('UNAVAILABLE')
      const again = await router(1).client.infer(request, { deadlineMs: 10_000 })
      expect(again.failure).toBeUndefined()
      expect(again.answer?.output?.text).toBe('all is well')
    })
    client.close()
    await forwarder.close()
    expect([timesBegun(mark), paid]).toEqual([1, servedNanoUsd])
  })

  it('is answered and paid once when its first caller leaves', async () => {
    const { mark, request } = keyedRequest()
    const paid = await bookedFor(async () => {
      await leave(request, mark)
      expect((await router(0).client.infer(request, { deadlineMs: 10_000 })).failure).toBeUndefined()
    })
    expect([timesBegun(mark), paid]).toEqual([1, servedNanoUsd])
  })

  it('answers a duplicate that waits while the first caller leaves', async () => {
    const { mark, request } = keyedRequest()
    const paid = await bookedFor(async () => {
      const left = leave(request, mark)
      await untilBegun(mark)
      const duplicate = router(1).client.infer(request, { deadlineMs: 10_000 })
      await left
      expect((await duplicate).failure).toBeUndefined()
    })
    expect([timesBegun(mark), paid]).toEqual([1, servedNanoUsd])
  })

  it('tells a duplicate with little time of its own deadline, and nobody else', async () => {
    const { mark, request } = keyedRequest()
    const first = router(0).client.infer(request, { deadlineMs: 10_000 })
    await untilBegun(mark)
    const hurried = await router(1).client.infer(request, { deadlineMs: 100 })
    expect(hurried.failure?.status).toBe('DEADLINE_EXCEEDED')
    expect((await first).failure).toBeUndefined()
  })

  it('is answered and paid once when its router is killed', async () => {
    const { mark, request } = keyedRequest()
    const third = await deployment.startRouter()
    const paid = await bookedFor(async () => {
      const first = third.client.infer(request, { deadlineMs: 20_000 })
      await untilBegun(mark)
      await third.process.end('SIGKILL')
      expect((await first).failure?.status).toBe('UNAVAILABLE')
      expect((await router(1).client.infer(request, { deadlineMs: 20_000 })).failure).toBeUndefined()
    })
    // A router that runs the leg itself takes it with it, so that another one begins it again.
    expect(timesBegun(mark)).toBeLessThanOrEqual(2)
    expect(paid).toBe(servedNanoUsd)
  })
})

/* On workers that have measured nothing, since a forecast would refuse so little time at once. */
describe('a request with an idempotency key and little time', () => {
  beforeEach(setUp)
  afterEach(tearDown)

  it('is answered and paid once when the call of its first caller had 200 ms', async () => {
    const { mark, request } = keyedRequest()
    const paid = await bookedFor(async () => {
      const first = await router(0).client.infer(request, { deadlineMs: 200 })
      expect(first.failure?.status).toBe('DEADLINE_EXCEEDED')
      expect((await router(0).client.infer(request, { deadlineMs: 10_000 })).failure).toBeUndefined()
    })
    expect(paid).toBe(servedNanoUsd)
    // Less than 200 ms may be over before the model is asked.
    expect(timesBegun(mark)).toBe(1)
  })

  it('frees its key when the time that it asks for is over: whoever waits with more time takes over', async () => {
    const { mark, request } = keyedRequest({ constraints: { deadline: { seconds: 0, nanos: 400_000_000 } } })
    const first = router(0).client.infer(request, { deadlineMs: 10_000 })
    await untilBegun(mark)
    const { constraints: _short, ...rest } = request
    const waiting = router(1).client.infer(rest, { deadlineMs: 10_000 })
    expect((await first).failure?.status).toBe('DEADLINE_EXCEEDED')
    expect((await waiting).failure).toBeUndefined()
    expect((await router(0).client.infer(rest, { deadlineMs: 10_000 })).failure).toBeUndefined()
    expect(timesBegun(mark)).toBe(2)
  })
})

it(
  'pays each key once under random leaves, resets, deadlines and kills (80 keys; 10,000 in test/faults)',
  { timeout: 240_000 },
  async () => {
    const own = await startPrivateRedis()
    const books = new Redis(own.socketPath)
    try {
      const keys = 80
      const play = { redisUrl: own.url, redis: books, keys, keysAtOnce: 16, killEvery: 30 }
      const report = await playKeyedCalls(play)
      expect(report).toMatchObject({ answered: keys, dishonest: [], notPaidOnce: [], moneyOffNanoUsd: 0 })
    } finally {
      books.disconnect()
      await own.stop()
    }
  },
)
