import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { afterEach, describe, expect, it } from 'vitest'
import { expectEngineWait } from '#services/router/pools/engine-wait'
import { backend } from '#services/config/backend-schema'
import { durationToWire } from '#services/wire/convert/time'
import { createServed } from '#services/backends/remote/served'
import { systemClock } from '#services/contract/clock'
import { createEndpoint } from '#services/backends/remote/endpoints/endpoint'
import { readQueue, watchEngineLoad, type PageOf } from '#services/backends/remote/endpoints/engine-load'
import { noWork } from '#services/state/service-times/workload'
import { createWorkerMetrics, showModelMemory } from '#services/worker/telemetry/worker-metrics'

const megabytes = 1024 * 1024

describe('readQueue()', () => {
  it.each([
    ['one line without end', 'vllm:num_requests_waiting 1\nx '.padEnd(4 * megabytes, ' ') + 'y'],
    ['a value without end', `vllm:num_requests_waiting ${'1 '.repeat(2 * megabytes)}`],
    ['a name without end', 'vllm:'.repeat((4 * megabytes) / 5)],
    ['long lines of spaces', `vllm:num_requests_waiting${' '.repeat(100_000)}x x\n`.repeat(42)],
    ['shorter lines of spaces', `vllm:num_requests_waiting${' '.repeat(4000)}x x\n`.repeat(1000)],
    ['labels that are not closed', `vllm:num_requests_waiting{${'}{'.repeat(2000)}\n`.repeat(1000)],
    ['empty lines', '\n'.repeat(4 * megabytes)],
    ['names without numbers', 'tgi_queue_size\n'.repeat((4 * megabytes) / 15)],
    ['names that begin no line', ' tgi_queue_size'.repeat((4 * megabytes) / 15)],
    ['short lines', 'a 1\n'.repeat(megabytes)],
  ])('reads %s in no time', (_kind, page) => {
    const startedAt = performance.now()
    readQueue(page, 1)
    expect(performance.now() - startedAt).toBeLessThan(3000)
  })

  it('passes over a line that is too long to be of a queue', () => {
    const long = `vllm:num_requests_waiting{a="${'x'.repeat(5000)}"} 3\n`
    expect(readQueue(long, 1)).toBeUndefined()
    expect(readQueue(`${long}vllm:num_requests_waiting 2\n`, 2)).toEqual({ waiting: 2, running: 0 })
  })

  it.each([
    ['with a time', 'tgi_queue_size 4 1700000000000\ntgi_batch_current_size 2', 4, 2],
    ['with spaces and brackets in a label', 'tgi_queue_size{a="b } c",d="{"} 4\ntgi_batch_current_size{} 2', 4, 2],
    ['after carriage returns and tabs', 'tgi_queue_size\t4\r\ntgi_batch_current_size\t2\r\n', 4, 2],
    ['as a fraction', 'tgi_queue_size 4e0\ntgi_batch_current_size 2.0', 4, 2],
  ])('reads a number %s', (_kind, page, waiting, running) => {
    expect(readQueue(page, 1)).toEqual({ waiting, running })
  })

  it.each(['-1', 'NaN', '+Inf', 'Infinity', '1e18', '1e308', '1000001', 'many', ''])(
    'takes %j for no reading at all, of calls that wait or that are worked on',
    value => {
      expect(readQueue(`tgi_queue_size ${value}\ntgi_batch_current_size 2\n`, 1)).toBeUndefined()
      expect(readQueue(`tgi_queue_size 2\ntgi_batch_current_size ${value}\n`, 1)).toBeUndefined()
      expect(readQueue(`tgi_queue_size{a="1"} 2\ntgi_queue_size{a="2"} ${value}\n`, 1)).toBeUndefined()
    },
  )

  it('takes a sum beyond what an engine can have for no reading', () => {
    expect(readQueue('tgi_queue_size{a="1"} 600000\ntgi_queue_size{a="2"} 600000\n', 1)).toBeUndefined()
    expect(readQueue('tgi_queue_size{a="1"} 1e308\ntgi_queue_size{a="2"} 1e308\n', 1)).toBeUndefined()
  })
})

describe('expectEngineWait()', () => {
  const service = { meanMs: 500, deviationMs: 100 }

  it('leaves out what cannot be, as an older worker may tell it', () => {
    const sound = { waiting: 8, running: 4 }
    const told = JSON.parse('[{"waiting":null,"running":1},{"waiting":1e20,"running":1},{"waiting":-3,"running":1},{}]')
    expect(expectEngineWait([sound, ...told], service)).toEqual(expectEngineWait([sound], service))
    expect(expectEngineWait(told, service)).toEqual({ meanMs: 0, deviationMs: 0 })
  })

  it('has a bound, and goes over the wire', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0 }),
        fc.double({ min: 0 }),
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        (waiting, running, ms) => {
          const wait = expectEngineWait([{ waiting, running }], { meanMs: ms, deviationMs: ms })
          for (const one of [wait.meanMs, wait.deviationMs]) {
            expect(one).toBeGreaterThanOrEqual(0)
            expect(one).toBeLessThanOrEqual(86_400_000)
          }
          expect(Object.values(durationToWire(wait.meanMs)).every(Number.isSafeInteger)).toBe(true)
        },
      ),
    )
  })
})

describe('createWorkerMetrics()', () => {
  const timesAfter = (engine: { waiting: number; running: number }) => {
    const metrics = createWorkerMetrics(
      new Registry(),
      () => 0,
      { pool: '', models: [] },
      () => 0,
    )
    const measured = { work: noWork, serviceMs: 400 }
    const ended = { end: 'done', rung: 'm', measured, workMs: 400, unchargedMs: 0, waitMs: 0, costNanoUsd: 0 }
    metrics.leg('m', { ...ended, engine })
    return metrics.times()
  }

  it('learns nothing of what a leg takes where its engine’s queue leaves nearly nothing of it', () => {
    for (const waiting of [1000, 1e6, 1e18, Infinity, NaN]) expect(timesAfter({ waiting, running: 1 })).toEqual({})
    expect(timesAfter({ waiting: 3, running: 1 })).toEqual(timesAfter({ waiting: 6, running: 2 }))
    expect(timesAfter({ waiting: 3, running: 1 })).not.toEqual({})
  })
})

describe('durationToWire()', () => {
  it('keeps within what a duration may be', () => {
    expect(durationToWire(Infinity)).toEqual({ seconds: 315_576_000_000, nanos: 0 })
    expect(durationToWire(1e300)).toEqual({ seconds: 315_576_000_000, nanos: 0 })
    expect(durationToWire(-Infinity)).toEqual({ seconds: -315_576_000_000, nanos: -0 })
  })
})

describe('metricsPath', () => {
  const served = { kind: 'openai', baseUrl: 'http://engine:8000/v1', model: 'm' }
  const takes = (metricsPath: string): boolean => backend.safeParse({ ...served, metricsPath }).success

  it.each(['//', '//metrics', '/\\metrics', '\\/metrics', '/\t/metrics', '/\n\\metrics', ' //metrics', 'metrics', ''])(
    'is refused as %j',
    path => {
      const { error } = backend.safeParse({ ...served, metricsPath: path })
      expect(error?.issues.map(one => one.message)).toEqual(['a path on the same server, such as /metrics'])
    },
  )

  it('stays at the host that the operator named', () => {
    for (const path of ['/', '/metrics', '/v2/metrics?model=a%20b', '/a//b']) expect(takes(path)).toBe(true)
    const part = fc.constantFrom(
      '/',
      '\\',
      '\t',
      '\n',
      '\r',
      ' ',
      '@',
      ':',
      '.',
      '..',
      'a',
      '?',
      '#',
      '%2f',
      '[',
      '\0',
      'é',
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), parts => {
        const path = `/${parts.join('')}`
        return !takes(path) || new URL(path, served.baseUrl).origin === 'http://engine:8000'
      }),
      { numRuns: 2000 },
    )
  })
})

describe('metricsUrls of a gRPC server', () => {
  const server = {
    kind: 'oip',
    endpoints: ['grpc://triton:8001', 'grpc://triton:8011'],
    model: 'm',
    input: 'x',
    output: 'y',
  }

  it('stand in place of a path, which a gRPC address has none of', () => {
    const { error } = backend.safeParse({ ...server, metricsPath: '/metrics' })
    expect(error?.issues.map(({ path, message }) => [path, message])).toEqual([
      [['metricsPath'], '`metricsUrls` instead: a gRPC address has no path'],
    ])
    const urls = ['http://triton:8002/metrics', 'http://triton:8012/metrics']
    expect(backend.safeParse({ ...server, metricsUrls: urls }).success).toBe(true)
    expect(backend.safeParse({ ...server, metricsUrls: ['grpc://triton:8001/metrics'] }).success).toBe(false)
  })
})

describe('watchEngineLoad()', () => {
  let engine: Server | undefined
  afterEach(() => void engine?.close())

  it('reads the queue of a gRPC server where its own address says', async () => {
    engine = createServer((_request, response) => response.end('nv_inference_pending_request_count{model="m"} 3\n'))
    await new Promise<void>(resolve => engine?.listen(0, '127.0.0.1', resolve))
    const metricsUrls = [`http://127.0.0.1:${(engine.address() as AddressInfo).port}/metrics`]
    const spec = {
      kind: 'oip',
      baseUrl: 'grpc://127.0.0.1:1',
      metricsUrls,
      model: 'm',
      input: 'x',
      output: 'y',
    } as const
    const served = createServed(
      { ...spec, connectTimeoutMs: 1000, firstByteTimeoutMs: 1000, betweenChunksTimeoutMs: 1000 },
      {},
      { packPath: () => '', executionProviders: [], threads: 1, logger: pino({ level: 'silent' }), clock: systemClock },
    )
    await expect.poll(() => served.engineQueue(), { timeout: 5000 }).toEqual({ waiting: 3, running: 0 })
    await served.close()
  })

  it('counts an engine as silent whose address cannot be made, and goes on reading the others', async () => {
    engine = createServer((_request, response) => response.end('tgi_queue_size 7\ntgi_batch_current_size 2\n'))
    await new Promise<void>(resolve => engine?.listen(0, '127.0.0.1', resolve))
    const options = { connectTimeoutMs: 1000, failures: 3, openMs: 1000 }
    const good = createEndpoint(`http://127.0.0.1:${(engine.address() as AddressInfo).port}/v1`, options, Date.now)
    const bad = createEndpoint('nowhere', options, Date.now)
    const at =
      (path: string): PageOf =>
      ({ baseUrl }) =>
        new URL(path, baseUrl)
    const load = watchEngineLoad([bad, good], at('/metrics'))
    await expect.poll(() => load.queue(), { timeout: 5000 }).toEqual({ waiting: 7, running: 2 })
    expect([bad.load, good.load]).toEqual([0, 7])
    load.stop()
    const lost = watchEngineLoad([good], at('//'))
    await expect.poll(() => good.load, { timeout: 5000 }).toBe(0)
    expect(lost.queue()).toBeUndefined()
    lost.stop()
    await Promise.all([good.close(), bad.close()])
  })
})

describe('showModelMemory()', () => {
  it('shows memory and restarts of each model, the same at each scrape', async () => {
    const registry = new Registry()
    showModelMemory(registry, () => [
      { model: 'small', memoryBytes: 5, renewals: 2 },
      { model: 'remote', memoryBytes: 0, renewals: 0 },
    ])
    await registry.metrics()
    const lines = (await registry.metrics()).split('\n').filter(line => line.startsWith('sluice'))
    expect(lines).toEqual([
      'sluice_worker_model_memory_bytes{model="small"} 5',
      'sluice_worker_model_memory_bytes{model="remote"} 0',
      'sluice_worker_model_renewals_total{model="small"} 2',
      'sluice_worker_model_renewals_total{model="remote"} 0',
    ])
  })
})
