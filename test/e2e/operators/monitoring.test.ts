import { Redis } from 'ioredis'
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import { echoConfig } from '../../support/echo-config.ts'
import {
  createTestGateway,
  until,
  type GatewayProcess,
  type TestConfig,
  type TestGateway,
} from '../../support/gateway.ts'
import { textRequest } from '../../support/grpc-client.ts'
import { helmMissing, renderChart } from '../../support/deploy/helm.ts'
import { comparedIn, dashboardQueries, metricsOf, ruleFiles, rules } from '../../support/deploy/monitoring-files.ts'
import { startOpenaiServer, type OpenaiServer } from '../../support/openai-server.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import {
  prometheusMissing,
  startPrometheus,
  startRedisExporter,
  type Prometheus,
} from '../../support/deploy/prometheus.ts'

/** Names of the metrics that the sources register, or read. */
const registered = readdirSync(join(packageRoot(), 'services'), { recursive: true, encoding: 'utf8' })
  .filter(path => path.endsWith('.ts'))
  .flatMap(path => [
    ...readFileSync(join(packageRoot(), 'services', path), 'utf8').matchAll(
      /['`](sluice_(?:\$\{service\}_)?\w+)['`]/gu,
    ),
  ])
  .flatMap(([, name = '']) => ['router', 'worker'].map(service => name.replace('${service}', service)))
const charted = new Set(
  dashboardQueries().flatMap(({ expression }) => metricsOf(expression.replaceAll('$__rate_interval', '1m'))),
)
const recorded = new Map(
  rules().flatMap(rule => (rule.record === undefined ? [] : [[rule.record, rule.expr] as const])),
)
/** What a dashboard shows by way of a recording counts too. */
const shown = new Set([...charted].flatMap(name => [name, ...metricsOf(recorded.get(name) ?? name)]))
const bare = (name: string): string => name.replace(/_(?:bucket|count|sum)$/u, '')

describe('every metric', () => {
  it('that the code registers is on a dashboard', () => {
    expect(new Set(registered).size).toBeGreaterThan(20)
    const bases = new Set([...shown].map(bare))
    expect([...new Set(registered)].filter(name => !bases.has(bare(name)))).toEqual([])
  })

  it('that a dashboard, alert or recording asks for is registered, recorded, or another’s', () => {
    const known = new Set([...registered, ...recorded.keys()])
    const asked = [...charted, ...rules().flatMap(({ expr }) => metricsOf(expr))].map(bare)
    expect(asked.filter(name => /^sluice[_:]/u.test(name) && !known.has(name))).toEqual([])
  })
})

describe.skipIf(prometheusMissing !== undefined)(
  `a real Prometheus that scrapes the gateway under load${prometheusMissing === undefined ? '' : ` (${prometheusMissing})`}`,
  () => {
    let redis: PrivateRedis
    let gateway: TestGateway
    let server: OpenaiServer
    let fresh: readonly string[]
    let exporter: Awaited<ReturnType<typeof startRedisExporter>>
    let prometheus: Prometheus
    let load: Promise<void>
    const stop = new AbortController()

    beforeAll(async () => {
      redis = await startPrivateRedis({ appendOnly: true })
      const control = new Redis({ path: redis.socketPath })
      await control.config('SET', 'maxmemory', '1gb')
      control.disconnect()
      server = await startOpenaiServer()
      gateway = await createTestGateway(demoConfig(server), redis.url)
      const [, ...workers] = await Promise.all([
        gateway.startRouter(),
        gateway.startWorker('small'),
        gateway.startWorker('large'),
      ])
      fresh = await Promise.all([gateway.opsUrl, ...workers.map(one => `http://${opsAddressOf(one)}`)].map(scrapeText))
      exporter = await startRedisExporter(redis.socketPath)
      const targets = workers.map(opsAddressOf)
      const jobs = [
        { name: 'demo-sluice-router', targets: [new URL(gateway.opsUrl).host], labels: { namespace: 'models' } },
        { name: 'sluice-worker', targets },
        { name: 'redis', targets: [exporter.address] },
      ]
      prometheus = await startPrometheus(jobs, ruleFiles)
      load = demoLoad(gateway, stop.signal)
      await until(
        'every target',
        () => prometheus.healthy(),
        healthy => healthy === 4,
        60_000,
      )
      // Two evaluations of rules over rates, which want two scrapes each.
      await until(
        'recordings',
        () => prometheus.query('sluice:escalated:ratio_rate1h > 0 and on () sluice:spent_usd:rate1h > 0'),
        series => series.length > 0,
        60_000,
      )
    })

    afterAll(async () => {
      stop.abort()
      await load
      await Promise.all([prometheus?.stop(), exporter?.stop(), gateway?.stop(), server?.close()])
      await redis?.stop()
    })

    /**
     * Asks for what comes of a fitted policy, of outcomes over time and of guardrails, which two echoes do not have;
     * that they can be asked is checked all the same.
     */
    const ofPolicies = /sluice_(?:router_(?:feature_drift|calibration|policy|shadow_policy)|guardrail_check)_/u

    const numbers = async (expression: string): Promise<readonly number[]> => {
      const series = await prometheus.query(expression.replaceAll('$__rate_interval', '20s'))
      return series.map(({ value }) => value).filter(value => !Number.isNaN(value))
    }

    /** Each is asked until it has data: rates want two scrapes, and recordings two turns of their rules on top. */
    const allHaveData = async (queries: readonly { readonly name: string; readonly expression: string }[]) => {
      const wanted = queries.filter(({ expression }) => !ofPolicies.test(expression))
      for (const { expression } of queries.filter(query => !wanted.includes(query))) await numbers(expression)
      const empty = new Set(wanted)
      await until(
        'data',
        async () => {
          for (const query of empty) if ((await numbers(query.expression)).length > 0) empty.delete(query)
          return [...empty].map(({ name }) => name)
        },
        names => names.length === 0,
      )
    }

    it('has data for every query of every dashboard', async () => {
      const queries = dashboardQueries().map(({ where, expression }) => ({
        name: `${where}: ${expression}`,
        expression,
      }))
      expect(queries.length).toBeGreaterThan(40)
      await allHaveData(queries)
    })

    it('has data for everything that an alert compares, and for every recording', async () => {
      await allHaveData(
        rules().flatMap(({ alert, record, expr }) => {
          const asked = alert === undefined ? [String(record), expr] : [...comparedIn(expr)]
          expect(asked.length).toBeGreaterThan(0)
          return asked.map(expression => ({ name: `${alert ?? record}: ${expression}`, expression }))
        }),
      )
    })

    it('is seen by `sluice top` too', async () => {
      const command = ['top', '--once', '--json', '--every', '1', '--config', gateway.configFile]
      const { stdout } = await promisify(execFile)(process.execPath, [
        join(packageRoot(), 'bin', 'sluice.js'),
        ...command,
      ])
      const picture = JSON.parse(stdout)
      expect(picture.requestsPerSecond).toBeGreaterThan(1)
      expect(picture.p95Seconds).toBeGreaterThanOrEqual(picture.p50Seconds)
      expect(picture.pools.map(({ pool, workers }: { pool: string; workers: number }) => [pool, workers])).toEqual([
        ['large', 1],
        ['small', 1],
      ])
      expect(picture.rungs.map(({ model }: { model: string }) => model)).toContain('echo-small')
    })

    it('shows every counter that an alert reads before the first event', () => {
      const read = rules().flatMap(({ expr }) => [...expr.matchAll(/(sluice_\w+_total)(?:\{([^}]*)\})?/gu)])
      expect(read.length).toBeGreaterThan(20)
      const samples = fresh.flatMap(page => page.split('\n')).filter(line => !line.startsWith('#'))
      const unborn = read.filter(([, name = '', matchers = '']) => {
        const wanted = [...matchers.matchAll(/\w+="[^"]*"/gu)].map(([one]) => one)
        return !samples.some(line => /^\w+/u.exec(line)?.[0] === name && wanted.every(one => line.includes(one)))
      })
      expect(unborn.map(([whole]) => whole)).toEqual([])
    })

    it('pages nobody in good times', async () => {
      expect(await prometheus.query('ALERTS{severity="page"}')).toEqual([])
    })

    it('finds the traces of slow calls by their exemplars', async () => {
      const found = await prometheus.exemplars('sluice_router_request_duration_seconds_bucket')
      expect(found).toContainEqual({ trace_id: traceId })
    })

    it.skipIf(helmMissing !== undefined)('gives KEDA one number for each pool, which is its demand', async () => {
      const scaled = renderChart({ keda: { enabled: true } }).filter(({ kind }) => kind === 'ScaledObject')
      expect(scaled).toHaveLength(2)
      for (const { metadata, spec } of scaled) {
        const pool = metadata.name.split('-').at(-1)
        const series = await prometheus.query(spec.triggers[0].metadata.query)
        expect(series, metadata.name).toHaveLength(1)
        const [running] = await numbers(`max(sluice_router_pool_running_legs{pool="${pool}"})`)
        expect(series[0]?.value, metadata.name).toBeGreaterThanOrEqual(0)
        expect(running, metadata.name).toBeGreaterThanOrEqual(0)
      }
    })
  },
)

const traceId = 'ab'.repeat(16)

async function scrapeText(url: string): Promise<string> {
  const response = await fetch(`${url}/metrics`, { headers: { accept: 'text/plain' } })
  return response.text()
}

/** The ops port of a process, which its log names. */
function opsAddressOf({ lines }: GatewayProcess): string {
  const ready = lines.find(line => line.includes('is ready"'))
  return String((JSON.parse(ready ?? '{}') as { ops?: string }).ops)
}

/**
 * The ladder of two echoes, with a chat server between them and a rung that has no price. One tenant is held to a
 * rate.
 */
function demoConfig({ baseUrl }: OpenaiServer): TestConfig {
  const config = echoConfig({ smallDelayMs: 10 })
  const card = { title: 'A chat', licence: 'none', source: 'a test', trainingData: 'none', limits: 'it only echoes' }
  const chat = {
    pool: 'large',
    tasks: ['generate'],
    modalities: ['text', 'image'],
    backend: { kind: 'openai', baseUrl, model: 'served', vision: true },
    card,
  }
  return {
    ...config,
    log: { level: 'info' },
    learning: { shadowShare: 0.5, shadowUsdPerDay: 100 },
    budgets: { requestMaxUsd: 1, tenantPerDayUsd: 100, tenants: { acme: { requestsPerMinute: 1 } } },
    models: {
      ...(config['models'] as object),
      chat: { ...chat, price: { perInputToken: 20, perOutputToken: 80 } },
      'chat-unpriced': { ...chat, price: {} },
    },
    ladders: {
      ...(config['ladders'] as object),
      generate: {
        task: 'generate',
        modalities: ['text', 'image'],
        rungs: ['echo-small', 'chat-unpriced', 'chat', 'echo-large'],
        uncalibrated: { confidenceThreshold: 0.8 },
      },
    },
  }
}

/** What a demo asks, over and over: easy and hard inputs, streams, jobs, and what is refused for each reason. */
async function demoLoad({ client }: TestGateway, signal: AbortSignal): Promise<void> {
  const ended = (call: Promise<unknown>): Promise<unknown> => call.catch(() => undefined)
  const hard = textRequest('confidence=0.1 hard')
  const traced = textRequest('traced')
  for (let turn = 0; !signal.aborted; turn += 1) {
    const easy = Array.from({ length: 8 }, (_, index) => textRequest(`easy ${turn} ${index}`))
    const refused: InferRequest[] = [
      textRequest('too expensive', { constraints: { maxCostNanoUsd: 1 } }),
      textRequest('escalates without money confidence=0.1', { constraints: { maxCostNanoUsd: 30_000_000 } }),
      textRequest('unknown model', { constraints: { model: 'echo-small', tier: 'large' } }),
    ]
    await Promise.all([
      ...[...easy, hard, hard, ...refused].map(request => ended(client.infer(request))),
      ended(client.infer({ ...textRequest('which?'), task: 'TASK_CLASSIFY' })),
      ended(client.infer(traced, { traceparent: `00-${traceId}-${'cd'.repeat(8)}-01` })),
      ended(client.inferStream(hard)),
      ended(client.infer(textRequest('asked of a server', { constraints: { model: 'chat' } }))),
      ended(client.infer(textRequest('of a tenant with a limit'), { authorization: 'Bearer right-key' })),
      ended(client.submit(textRequest(`job ${turn}`))),
      ended(client.explain(textRequest('explain'))),
      ended(client.infer(textRequest('late delay=400'), { deadlineMs: 200 })),
    ])
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}
