import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { echoConfig } from '../../support/echo-config.ts'
import { createTestGateway, until, untilTrue, type GatewayProcess, type TestGateway } from '../../support/gateway.ts'
import { openClient, textRequest } from '../../support/grpc-client.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import { scrape } from '../../support/scrape.ts'

let redis: PrivateRedis
let gateway: TestGateway
let router: GatewayProcess

beforeAll(async () => {
  redis = await startPrivateRedis()
  const config = { ...echoConfig(), router: { processes: 2 }, log: { level: 'info' } }
  gateway = await createTestGateway(config, redis.url)
  ;[router] = await Promise.all([gateway.startRouter(), gateway.startWorker('small'), gateway.startWorker('large')])
  await until(
    'both processes',
    async () => members(),
    ({ length }) => length === 2,
  )
  await until(
    'the workers',
    () => gateway.client.listModels(),
    ({ models }) => models.every(model => (model.state?.workers ?? 0) > 0),
  )
})

afterAll(async () => {
  await gateway?.stop()
  await redis?.stop()
})

interface Member {
  readonly name: string
  readonly pid: number
}

/** The processes that have said that they are ready, in their order. */
function members(): readonly Member[] {
  return router.lines
    .filter(line => line.includes('a process of the router takes calls'))
    .map(line => JSON.parse(line) as Member)
}

/** Calls that each take a connection of their own. */
async function askApart(texts: readonly string[]): Promise<readonly string[]> {
  return Promise.all(
    texts.map(async text => {
      const client = openClient(gateway.address)
      try {
        const answer = await client.infer(textRequest(`confidence=0.9 ${text}`))
        return answer.output?.text ?? ''
      } finally {
        client.close()
      }
    }),
  )
}

const answered = (): Promise<number> =>
  scrape(gateway.opsUrl, 'sluice_router_requests_total', { rpc: 'Infer', status: 'OK' })

describe('a router of two processes', () => {
  it('takes calls on one port and counts them on one', async () => {
    const texts = ['a', 'b', 'c', 'd']
    expect(await askApart(texts)).toEqual(texts.map(text => `confidence=0.9 ${text}`))
    expect(await answered()).toBe(4)
    expect((await fetch(`${gateway.opsUrl}/readyz`)).status).toBe(200)
    // What both see is told once.
    const small = { pool: 'small' }
    expect(await scrape(gateway.opsUrl, 'sluice_router_pool_workers', small)).toBe(1)
    expect(new Set(members().map(({ name }) => name)).size).toBe(2)
  })

  it('goes on without one that is killed, and starts it again', async () => {
    process.kill(members()[0]!.pid, 'SIGKILL')
    await until(
      'another process',
      async () => members(),
      ({ length }) => length === 3,
    )
    expect(await askApart(['e', 'f', 'g'])).toHaveLength(3)
    // What the killed one had counted is not lost.
    expect(await answered()).toBe(7)
    expect((await fetch(`${gateway.opsUrl}/readyz`)).status).toBe(200)
  })

  it('answers what it has before it ends', async () => {
    const slow = gateway.client.infer(textRequest('confidence=0.9 delay=600 slow'))
    await untilTrue(async () => (await scrape(gateway.opsUrl, 'sluice_router_in_flight_requests')) === 1)
    router.kill('SIGTERM')
    expect((await slow).output?.text).toContain('slow')
    expect(await router.exited).toBe(0)
    for (const { pid } of members()) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })
})
