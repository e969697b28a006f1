import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chatConfig, chatModel } from '../../support/chat-ladder.ts'
import { createTestGateway, until, type GatewayProcess, type TestGateway } from '../../support/gateway.ts'
import { failureOf, textRequest } from '../../support/grpc-client.ts'
import { startOpenaiServer, type OpenaiServer } from '../../support/openai-server.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import { scrape } from '../../support/scrape.ts'

let redis: PrivateRedis
let server: OpenaiServer
let gateway: TestGateway
let router: GatewayProcess

/** Calls that the server is to have at once, whoever makes them. */
const concurrency = 2

beforeAll(async () => {
  ;[redis, server] = await Promise.all([startPrivateRedis(), startOpenaiServer()])
  const times = { firstByteTimeoutMs: 30_000, betweenChunksTimeoutMs: 30_000 }
  const ladder = (model: string): object => ({ task: 'generate', modalities: ['text'], rungs: [model] })
  gateway = await createTestGateway(
    chatConfig({
      pools: {
        direct: { tier: 'small', concurrency },
        queued: { tier: 'large', concurrency, dispatch: 'queue' },
      },
      models: {
        direct: chatModel('direct', [server.baseUrl], { ...times, modalities: ['text'] }),
        queued: chatModel('queued', [server.baseUrl], { ...times, modalities: ['text'] }),
      },
      ladders: { generate: ladder('direct'), other: ladder('queued') },
    }),
    redis.url,
  )
  ;[router] = await Promise.all([gateway.startRouter(), gateway.startWorker('direct'), gateway.startWorker('queued')])
  await workersAreThere()
})

afterAll(async () => {
  await gateway?.stop()
  await Promise.all([server?.close(), redis?.stop()])
})

async function workersAreThere(): Promise<void> {
  await until(
    'the workers',
    () => gateway.client.listModels(),
    ({ models }) => models.every(model => (model.state?.workers ?? 0) > 0),
  )
}

const sent = (pool: string, dispatch: string): Promise<number> =>
  scrape(gateway.opsUrl, 'sluice_router_legs_sent_total', { pool, dispatch })

const onQueue = { constraints: { model: 'queued' } }

describe('a leg on a server', () => {
  it('is run by the router, billed as by a worker, and counted by its path', async () => {
    const before = await sent('direct', 'express')
    const explained = await gateway.client.explain(textRequest('one two'))
    expect(explained.decision?.candidates.map(one => one.dispatch)).toEqual(['express'])
    const answer = await gateway.client.infer(textRequest('one two'))
    expect(answer.output?.text).toBe('echo: one two')
    expect(answer.costNanoUsd).toBe(11 * 300 + 3 * 1500)
    expect(await sent('direct', 'express')).toBe(before + 1)
    expect(await scrape(gateway.opsUrl, 'sluice_worker_legs_total', { model: 'direct', end: 'done' })).toBe(before + 1)
  })

  it('streams its words as they come', async () => {
    const events = await gateway.client.inferStream(textRequest('told word by word \u{1F600} so'))
    const told = events.flatMap(event => (event.event === 'textDelta' ? [event.textDelta?.text ?? ''] : []))
    expect(told.length).toBeGreaterThan(1)
    expect(told.join('')).toBe('echo: told word by word \u{1F600} so')
    expect(events.at(-1)?.final?.output?.text).toBe(told.join(''))
  })

  it('goes through the queue where its pool says so, where it is a job, and where a worker has more to do', async () => {
    const [express, queued] = [await sent('direct', 'express'), await sent('direct', 'queue')]
    await gateway.client.infer(textRequest('by the queue', onQueue))
    expect(await sent('queued', 'queue')).toBe(1)
    const job = await gateway.client.submit(textRequest('a job'))
    await gateway.client.watchJob(job.jobId)
    const responseFormat = { jsonObject: true }
    await failureOf(gateway.client.infer(textRequest('{"a":1}', { options: { responseFormat } })))
    expect(await sent('queued', 'express')).toBe(0)
    expect(await sent('direct', 'express')).toBe(express)
    expect(await sent('direct', 'queue')).toBeGreaterThan(queued)
  })

  it('keeps to the concurrency of its pool together with the workers, and everybody is served', async () => {
    const asked = Array.from({ length: 12 }, (_, place) => gateway.client.infer(textRequest(`first=60 burst ${place}`)))
    const answers = await Promise.all(asked)
    expect(answers.map(answer => answer.output?.text)).toEqual(answers.map((_, at) => `echo: first=60 burst ${at}`))
    expect(server.mostAtOnce).toBeLessThanOrEqual(concurrency)
    expect(await sent('direct', 'queue')).toBeGreaterThan(0)
  })

  it('keeps an idempotency key, and is not asked twice', async () => {
    const request = textRequest('once and for all', { idempotencyKey: 'k-1' })
    const [first, second] = await Promise.all([gateway.client.infer(request), gateway.client.infer(request)])
    expect(second.requestId).toBe(first.requestId)
    expect(server.requests.filter(one => JSON.stringify(one).includes('once and for all'))).toHaveLength(1)
  })

  it('leaves its receipt when its caller leaves, and its slot', async () => {
    const spent = await spentUsd()
    for (let round = 0; round < 3; round += 1) {
      const leaving = new AbortController()
      const asked = server.requests.length
      const call = failureOf(
        gateway.client.infer(textRequest(`pause=50 leaving ${round} ${'word '.repeat(100)}`), {
          signal: leaving.signal,
        }),
      )
      await until(
        'the call at the server',
        async () => server.requests.length,
        count => count > asked,
      )
      await new Promise(resolve => setTimeout(resolve, 150))
      leaving.abort()
      await call
    }
    const budgets = await until(
      'all money to be settled',
      () => gateway.client.getBudget(),
      ({ budgets: all }) => all.every(one => one.reservedNanoUsd === 0),
    )
    expect(budgets.budgets.length).toBeGreaterThan(0)
    // What the server had begun to say is paid for.
    expect(await spentUsd()).toBeGreaterThan(spent)
    const before = await sent('direct', 'express')
    await Promise.all([gateway.client.infer(textRequest('free 1')), gateway.client.infer(textRequest('free 2'))])
    expect(await sent('direct', 'express')).toBeGreaterThan(before)
  })
})

async function spentUsd(): Promise<number> {
  const { budgets } = await gateway.client.getBudget()
  return budgets.reduce((sum, one) => sum + one.spentNanoUsd, 0)
}

describe('a router that is killed with its legs', () => {
  it('loses no money and no slot: another settles, and goes on', async () => {
    const spent = await spentUsd()
    const asked = server.requests.length
    const calls = [1, 2].map(place => failureOf(gateway.client.infer(textRequest(`fault=silent lost ${place}`))))
    await until(
      'the calls at the server',
      async () => server.requests.length,
      count => count === asked + 2,
    )
    router.kill('SIGKILL')
    await router.exited
    await Promise.all(calls)
    router = await gateway.startRouter()
    await workersAreThere()
    await until(
      'all money to be settled',
      () => gateway.client.getBudget(),
      ({ budgets: all }) => all.every(one => one.reservedNanoUsd === 0),
      60_000,
    )
    // Attempts without a receipt are the deployment's loss, as those of a worker that dies.
    expect(await spentUsd()).toBe(spent)
    const answers = await Promise.all([1, 2].map(place => gateway.client.infer(textRequest(`after ${place}`))))
    expect(answers.map(answer => answer.output?.text)).toEqual(['echo: after 1', 'echo: after 2'])
    await until(
      'a leg that the router runs',
      async () => {
        await gateway.client.infer(textRequest('again'))
        return sent('direct', 'express')
      },
      count => count > 0,
    )
  })
})
