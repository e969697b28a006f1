import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestGateway, until, type TestConfig, type TestGateway } from '../../support/gateway.ts'
import { textRequest } from '../../support/grpc-client.ts'
import { startOpenaiServer, type OpenaiServer } from '../../support/openai-server.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import { freePort } from '#services/cli/system/private-redis'
import { scrape } from '../../support/scrape.ts'

let redis: PrivateRedis
let server: OpenaiServer
let gateway: TestGateway
let workerOps: string

const card = { title: 'A chat', licence: 'none', source: 'a test', trainingData: 'none', limits: 'it only echoes' }
const price = { perInputToken: 1000, perOutputToken: 10_000 }

function config(ops: string): TestConfig {
  return {
    version: 1,
    listen: { workerOps: ops },
    log: { level: 'warn' },
    auth: { anonymous: true, anonymousScopes: ['infer', 'admin'] },
    budgets: { requestMaxUsd: 1, tenantPerDayUsd: 100, tenantTokensPerMinute: 60_000, deployment: { perDayUsd: 1000 } },
    pools: { small: { tier: 'small', concurrency: 8 } },
    models: {
      chat: {
        pool: 'small',
        tasks: ['generate'],
        modalities: ['text'],
        backend: { kind: 'openai', baseUrl: server.baseUrl, model: 'served' },
        price,
        card,
      },
    },
    ladders: { generate: { task: 'generate', modalities: ['text'], rungs: ['chat'] } },
  }
}

beforeAll(async () => {
  ;[redis, server] = await Promise.all([startPrivateRedis(), startOpenaiServer()])
  const ops = `127.0.0.1:${await freePort()}`
  workerOps = `http://${ops}`
  gateway = await createTestGateway(config(ops), redis.url)
  await Promise.all([gateway.startRouter(), gateway.startWorker('small')])
  await until(
    'the worker',
    () => gateway.client.listModels(),
    ({ models }) => models.every(model => (model.state?.workers ?? 0) > 0),
  )
})

afterAll(async () => {
  await gateway?.stop()
  await Promise.all([server?.close(), redis?.stop()])
})

it('bills a server that reports far more than its cap at the whole hold, and tells of the excess', async () => {
  const overCap = (): Promise<number> =>
    // The router has called the server itself.
    scrape(gateway.opsUrl, 'sluice_worker_upstream_oddities_total', { kind: 'output-over-cap' })
  const page = await (await fetch(`${workerOps}/metrics`)).text()
  expect(page).toContain('sluice_worker_upstream_oddities_total{kind="output-over-cap"} 0')
  expect(await scrape(gateway.opsUrl, 'sluice_router_overrun_usd_total')).toBe(0)

  const request = textRequest('fault=wild-usage please', { options: { maxOutputTokens: 16 } })
  const { output, costNanoUsd } = await gateway.client.infer(request)

  expect(output?.text).toBe('echo: fault=wild-usage please')
  expect(costNanoUsd).toBe(11 * price.perInputToken + 1_000_000 * price.perOutputToken)
  const { budgets } = await until(
    'the settlement',
    () => gateway.client.getBudget(),
    ({ budgets: now }) => now.some(({ scope, spentNanoUsd }) => scope === 'tenant:day' && spentNanoUsd > 0),
  )
  const day = budgets.find(({ scope }) => scope === 'tenant:day')
  const words = Buffer.byteLength('fault=wild-usage please')
  const leastHold = words * price.perInputToken + 16 * price.perOutputToken
  expect(day?.reservedNanoUsd).toBe(0)
  expect(day?.spentNanoUsd).toBeGreaterThanOrEqual(leastHold)
  expect(Number(day?.spentNanoUsd) + Number(day?.overrunNanoUsd)).toBe(costNanoUsd)
  expect(await overCap()).toBe(1)
  expect(await scrape(gateway.opsUrl, 'sluice_router_overrun_usd_total')).toBeCloseTo(
    Number(day?.overrunNanoUsd) / 1e9,
    9,
  )
})

it('lets the tenant go on: its rate of tokens is not used up for hours by one report', async () => {
  const { output } = await gateway.client.infer(textRequest('and now', { options: { maxOutputTokens: 16 } }))
  expect(output?.text).toBe('echo: and now')
})
