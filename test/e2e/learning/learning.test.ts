import { status } from '@grpc/grpc-js'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '#services/contract/clock'
import type { KeptOutcome } from '#services/state/outcomes/outcome-store'
import { createRedisOutcomeStore } from '#services/state/outcomes/redis-outcome-store'
import { loadPolicy } from '#services/decision/policy/load-policy'
import { connectRedis, whenReady, type RedisConnection } from '#services/platform/redis/connect'
import { echoConfig, type EchoSettings } from '../../support/echo-config.ts'
import { createTestGateway, until, type TestGateway } from '../../support/gateway.ts'
import { textRequest } from '../../support/grpc-client.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import { connect, type TestClient } from '../../support/processes.ts'
import { runCli } from '../../support/run-cli.ts'
import { scrape } from '../../support/scrape.ts'

let server: PrivateRedis
let redis: RedisConnection
let gateway: TestGateway
let client: TestClient

beforeAll(async () => {
  server = await startPrivateRedis()
  redis = connectRedis({ url: server.url, commandTimeoutMs: 2000 }, pino({ level: 'silent' }))
  await whenReady(redis, 5000)
})
afterAll(async () => {
  redis?.disconnect()
  await server?.stop()
})

/** Starts a gateway for the tests of the block around it. */
function withGateway(learning: object, echo: EchoSettings): void {
  beforeAll(async () => {
    await redis.flushall()
    gateway = await createTestGateway({ ...echoConfig(echo), learning }, server.url)
    client = connect(gateway.address)
    await Promise.all([gateway.startRouter(), gateway.startWorker('small'), gateway.startWorker('large')])
    await until(
      'both workers',
      () => gateway.client.listModels(),
      ({ models }) => models.every(model => (model.state?.workers ?? 0) > 0),
    )
  })
  afterAll(async () => {
    client?.close()
    await gateway?.stop()
  })
}

async function records(tenant?: string): Promise<readonly KeptOutcome[]> {
  const store = createRedisOutcomeStore({ prefix: 'e2e', recordsPerTenant: 100, ttlMs: 1000 }, redis, systemClock)
  const found: KeptOutcome[] = []
  for await (const kept of store.read('generate', tenant)) found.push(kept)
  return found
}

function recorded(count: number, tenant?: string): Promise<readonly KeptOutcome[]> {
  return until(
    `${count} records`,
    () => records(tenant),
    all => all.length >= count,
  )
}

function feedback(requestId: string, outcome: object, key?: string): Promise<number> {
  const metadata = client.keyed(key ?? '')
  if (key === undefined) metadata.remove('authorization')
  return new Promise(resolve => {
    client.raw.sendFeedback({ requestId, ...outcome }, metadata, error => resolve(error?.code ?? status.OK))
  })
}

const counted = (outcome: string): Promise<number> =>
  scrape(gateway.opsUrl, 'sluice_router_shadow_calls_total', { outcome })

describe('a gateway that learns from every answer', () => {
  withGateway({ shadowShare: 1, shadowAtOnce: 8 }, { largeDelayMs: 120 })
  const folder = mkdtempSync(join(tmpdir(), 'sluice-refit-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('holds answers against the top rung after the caller has his, paid by the deployment, and keeps no content', async () => {
    const agreed = await gateway.client.infer(textRequest('confidence=0.9 secret words'))
    // The top rung takes its time; whoever waited for it would have the record before the answer.
    expect(await records()).toEqual([])
    const denied = await gateway.client.infer(textRequest('confidence=0.85 answer=no secret words'))
    const finished = await gateway.client.infer(textRequest('confidence=0.1 secret words'))
    const kept = await recorded(3)
    const of = (requestId: string) => kept.find(one => one.record.requestId === requestId)?.record
    expect(of(agreed.requestId)?.rungs['echo-small']).toMatchObject({ score: 1, scoreBy: 'agreement' })
    expect(of(agreed.requestId)?.rungs['echo-large']).toMatchObject({ score: 1, scoreBy: 'agreement' })
    expect(of(denied.requestId)?.rungs['echo-small']).toMatchObject({ score: 0, rawConfidence: 0.85 })
    expect(of(finished.requestId)?.delivered).toBe('echo-large')
    expect(of(finished.requestId)?.rungs['echo-small']).toMatchObject({ score: 1, confidence: 0.1 })
    expect(JSON.stringify(kept)).not.toContain('secret')
    expect(kept.every(one => one.tenant === 'local')).toBe(true)

    expect(await counted('called')).toBe(2)
    expect(await counted('known')).toBe(1)
    const [shadowKey = ''] = await redis.keys('e2e:{money}:scope:shadow:*')
    // Two calls of 120 ms at 5 USD a second of compute; a timer may fire a millisecond early.
    expect(Number(await redis.hget(shadowKey, 'spent'))).toBeGreaterThan(2 * 550_000)
    const [tenantKey = ''] = await redis.keys('e2e:{money}:scope:tenant:local:*')
    const billed = agreed.costNanoUsd + denied.costNanoUsd + finished.costNanoUsd
    expect(Number(await redis.hget(tenantKey, 'spent'))).toBe(billed)
    expect(await scrape(gateway.opsUrl, 'sluice_router_cascades_total')).toBe(3)
  })

  it('takes feedback from the own tenant alone, and scores every rung that a corrected answer speaks of', async () => {
    const text = 'confidence=0.2 answer=no yes'
    const mine = await client.infer(textRequest(text), { key: 'right-key' })
    const requestId = mine.answer?.requestId ?? ''
    await recorded(1, 'acme')
    expect(await feedback(requestId, { correctedAnswer: text })).toBe(status.NOT_FOUND)
    expect(await feedback(requestId, { correctedAnswer: ` ${text.toUpperCase()}! ` }, 'right-key')).toBe(status.OK)
    const kept = (await recorded(2, 'acme')).find(one => one.record.source === 'feedback')
    expect(kept?.record).toMatchObject({ delivered: 'echo-large', policyVersion: expect.any(String) })
    expect(kept?.record.rungs['echo-small']).toMatchObject({ score: 0, scoreBy: 'correction' })
    expect(kept?.record.rungs['echo-large']).toMatchObject({ score: 1, scoreBy: 'correction' })
    expect((await records('local')).every(one => one.record.requestId !== requestId)).toBe(true)
  })

  it('is refitted from its records, a caller outweighing the top rung', async () => {
    const before = (await records('local')).length
    const cases = Array.from({ length: 30 }, (_, index) => [
      `confidence=0.9 case ${index} is plain`,
      `confidence=0.2 answer=no case ${index} is hard and long`,
    ])
    const answers = []
    for (const text of cases.flat()) answers.push(await gateway.client.infer(textRequest(text)))
    await until(
      'every request looked at',
      () => scrape(gateway.opsUrl, 'sluice_router_shadow_calls_total'),
      count => count === before + 1 + 60,
    )
    const drawn = (await records('local')).length
    expect(drawn).toBeGreaterThan(50)
    // The last escalated, so both of its rungs have a score already.
    expect(await feedback(answers.at(-1)?.requestId ?? '', { score: 0 })).toBe(status.OK)
    await recorded(drawn + 1, 'local')
    const parameters = ['calibrate', '--from-redis', '--ladder', 'generate', '--out', folder, '--json']
    const place = ['--redis', server.url, '--config', gateway.configFile]
    const { code, stdout, stderr } = await runCli([...parameters, '--tenant', 'local', ...place])
    expect(stderr).toBe('')
    expect(code).toBe(0)
    const report = JSON.parse(stdout)
    expect(report).toMatchObject({ rows: drawn, models: ['echo-small', 'echo-large'] })
    expect(report.warnings.join('\n')).toContain(`${2 * drawn - 1} of ${2 * drawn} scores are agreement`)
    const policy = await loadPolicy(folder, { estimateMs: 5000 })
    const unlike = await policy.estimate([{ kind: 'text', text: 'confidence=0.2 answer=no case 99 is hard and long' }])
    const like = await policy.estimate([{ kind: 'text', text: 'confidence=0.9 case 99 is plain' }])
    expect(like.models['echo-small']?.quality).toBeGreaterThan((unlike.models['echo-small']?.quality ?? 1) + 0.3)
    const other = await runCli([...parameters, '--tenant', 'nobody', ...place])
    expect(other.code).not.toBe(0)
    expect(other.stdout + other.stderr).toMatch(/no outcomes of tenant nobody/u)
  })
})

describe('a gateway that learns from few at once', () => {
  withGateway({ shadowShare: 1, shadowAtOnce: 1, keepContent: true }, { largeDelayMs: 500 })

  it('lets the others go, and keeps the text where that is allowed', async () => {
    for (let turn = 0; turn < 4; turn += 1) await gateway.client.infer(textRequest(`quick words ${turn}`))
    const [first] = await recorded(1)
    expect(first?.record.text).toBe('quick words 0')
    const dropped = await counted('dropped_limit')
    expect(dropped).toBeGreaterThan(0)
    await until(
      'the rest',
      async () => dropped + (await counted('called')),
      count => count === 4,
    )
  })
})
