import { Metadata, status } from '@grpc/grpc-js'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import { createTestGateway, until, type GatewayProcess, type TestGateway } from '../../support/gateway.ts'
import { startOpenaiServer, type OpenaiServer } from '../../support/openai-server.ts'
import { startOtlpReceiver, type OtlpReceiver, type ReceivedSpan } from '../../support/servers/otlp-receiver.ts'
import { connect, textRequest } from '../../support/processes.ts'
import { called } from '../../support/gateways/rpc-gateway.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'

const run = promisify(execFile)
const card = { title: 'A chat', licence: 'none', source: 'a test', trainingData: 'none', limits: 'it only echoes' }

let redis: PrivateRedis
let receiver: OtlpReceiver
let server: OpenaiServer
let gateway: TestGateway
let router: GatewayProcess

beforeAll(async () => {
  ;[redis, receiver, server] = await Promise.all([startPrivateRedis(), startOtlpReceiver(), startOpenaiServer()])
  const common = { tasks: ['generate'], modalities: ['text'], card }
  const large = { kind: 'openai', baseUrl: server.baseUrl, model: 'served-large', apiKey: 'planted-upstream-key' }
  gateway = await createTestGateway(
    {
      version: 1,
      log: { requests: true },
      traces: { otlpUrl: receiver.url, metricsEveryMs: 500, headers: { 'x-receiver-key': 'planted-receiver-key' } },
      auth: { anonymous: true, anonymousScopes: ['infer', 'admin'] },
      pools: { small: { tier: 'small' }, large: { tier: 'large', dispatch: 'queue' }, direct: { tier: 'large' } },
      models: {
        'small-echo': {
          ...common,
          pool: 'small',
          backend: { kind: 'echo', delayMs: 20, confidence: 0.1 },
          price: { perRequest: 10 },
        },
        'large-chat': { ...common, pool: 'large', backend: large, price: { perInputToken: 20, perOutputToken: 80 } },
        'direct-chat': { ...common, pool: 'direct', backend: { ...large, model: 'served-direct' } },
      },
      ladders: {
        generate: {
          task: 'generate',
          modalities: ['text'],
          rungs: ['small-echo', 'large-chat'],
          uncalibrated: { confidenceThreshold: 0.7 },
        },
        direct: { task: 'generate', modalities: ['text'], rungs: ['direct-chat'] },
      },
    },
    redis.url,
  )
  ;[router] = await Promise.all([
    gateway.startRouter(),
    ...['small', 'large', 'direct'].map(pool => gateway.startWorker(pool)),
  ])
  await until(
    'both workers',
    () => gateway.client.listModels(),
    ({ models }) => models.every(model => (model.state?.workers ?? 0) > 0),
  )
})

afterAll(async () => {
  await gateway?.stop()
  await Promise.all([receiver?.close(), server?.close(), redis?.stop()])
})

/** Everything below a span, by name. */
function below(spans: readonly ReceivedSpan[], above: ReceivedSpan | undefined): readonly string[] {
  return spans
    .filter(span => span.parentSpanId === above?.spanId)
    .toSorted((a, b) => a.startAt - b.startAt)
    .map(span => span.name)
}

describe('a request of the command line that escalates', () => {
  let spans: readonly ReceivedSpan[]
  let answer: { readonly requestId: string; readonly model: string }
  /** As they stand before other requests take the place of its exemplar. */
  let metrics: string
  const named = (name: string): ReceivedSpan | undefined => spans.find(span => span.name === name)

  beforeAll(async () => {
    const command = [
      'infer',
      '--task',
      'generate',
      '--text',
      'planted prompt',
      '--json',
      '--config',
      gateway.configFile,
    ]
    const { stdout } = await run(process.execPath, [join(packageRoot(), 'bin', 'sluice.js'), ...command])
    answer = JSON.parse(stdout)
    spans = await until(
      'the whole trace',
      async () => receiver.spans.filter(span => span.traceId === clientSpan()?.traceId),
      all =>
        // Each process sends its spans when it comes to it.
        ['sluice.v1/Infer', 'settle', 'chat served-large', 'process large', 'text_completion small-echo'].every(name =>
          has(all, name),
        ),
    )
    const accept = 'application/openmetrics-text'
    metrics = await (await fetch(`${gateway.opsUrl}/metrics`, { headers: { accept } })).text()
  })
  const clientSpan = (): ReceivedSpan | undefined =>
    receiver.spans.find(span => span.name === 'sluice.v1/Infer' && span.kind === 3)
  const has = (all: readonly ReceivedSpan[], name: string): boolean => all.some(span => span.name === name)

  it('is one trace from client through router, queue and worker to the upstream, of three services', () => {
    expect(answer.model).toBe('large-chat')
    expect(new Set(spans.map(span => span.service))).toEqual(new Set(['sluice-cli', 'sluice-router', 'sluice-worker']))
    const ids = new Set(spans.map(span => span.spanId))
    // Every span but the client's hangs below another of the trace.
    expect(spans.filter(span => !ids.has(span.parentSpanId)).map(span => span.name)).toEqual(['sluice.v1/Infer'])
    const served = server.requests.find(request => request.model === 'served-large')
    const chat = named('chat served-large')
    expect(served?.traceparent).toBe(`00-${chat?.traceId}-${chat?.spanId}-01`)
  })

  it('shows the stages, the cascade with both rungs, and what each rung did on its worker', () => {
    const call = spans.find(span => span.name === 'sluice.v1/Infer' && span.kind === 2)
    expect(below(spans, clientSpan())).toEqual(['sluice.v1/Infer'])
    expect(new Set(below(spans, call))).toEqual(
      new Set(['admit', 'assess', 'choose', 'reserve', 'start', 'cascade', 'settle']),
    )
    expect(below(spans, named('cascade'))).toEqual(['rung small-echo', 'rung large-chat'])
    expect(below(spans, named('rung large-chat'))).toEqual(['send large'])
    expect(new Set(below(spans, named('send large')))).toEqual(new Set(['receive large', 'process large']))
    expect(below(spans, named('process large'))).toEqual(['chat served-large'])
    expect(below(spans, named('process small'))).toEqual(['text_completion small-echo'])
  })

  it('says why it escalated, at what confidence, tokens and cost, in the conventions for generative AI', () => {
    expect(named('rung small-echo')?.attributes).toMatchObject({
      'sluice.verdict': 'escalated',
      'sluice.confidence': 0.1,
      'sluice.tier': 'small',
    })
    expect(named('rung large-chat')?.attributes).toMatchObject({ 'sluice.verdict': 'accepted' })
    expect(named('cascade')?.attributes).toMatchObject({
      'sluice.request_id': answer.requestId,
      'sluice.model': 'large-chat',
      'sluice.rungs': 2,
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'sluice',
      'gen_ai.request.model': 'generate',
      'gen_ai.response.model': 'large-chat',
      'gen_ai.response.id': answer.requestId,
      'gen_ai.usage.output_tokens': expect.any(Number) as number,
    })
    const chat = named('chat served-large')
    expect(chat?.kind).toBe(3)
    expect(chat?.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'served-large',
      'gen_ai.usage.input_tokens': 11,
      'gen_ai.usage.output_tokens': 3,
      'server.address': '127.0.0.1',
    })
    expect(named('receive large')?.kind).toBe(5)
  })

  it('shows a leg that the router ran itself below its rung, and brings the trace to the server', async () => {
    await gateway.client.infer(textRequest('planted prompt by express', { constraints: { model: 'direct-chat' } }))
    const leg = await until(
      'the span of the leg',
      async () => receiver.spans.find(({ name }) => name === 'chat served-direct'),
      span => span !== undefined,
    )
    const rung = await until(
      'the span of its rung',
      async () => receiver.spans.find(({ spanId }) => spanId === leg?.parentSpanId),
      span => span !== undefined,
    )
    expect(rung?.name).toBe('rung direct-chat')
    expect(leg).toMatchObject({ service: 'sluice-router', kind: 3 })
    expect(leg?.attributes).toMatchObject({
      'sluice.dispatch': 'express',
      'sluice.pool': 'direct',
      'gen_ai.operation.name': 'chat',
      'gen_ai.usage.output_tokens': expect.any(Number) as number,
    })
    const served = server.requests.find(({ model }) => model === 'served-direct')
    expect(served?.traceparent).toBe(`00-${leg?.traceId}-${leg?.spanId}-01`)
  })

  it('drains no router by an rpc, and says what does', async () => {
    const ready = router.lines.find(line => line.includes('router is ready'))
    const { name } = JSON.parse(ready ?? '{}') as { name: string }
    const client = connect(gateway.address)
    const { failure } = await until(
      'the router to tell what legs took',
      () => called(reply => client.admin.drain({ workerId: name, draining: true }, reply)),
      one => one.failure?.code === status.INVALID_ARGUMENT,
    )
    client.close()
    expect(failure?.message).toContain(`${name} is a router`)
  })

  it('brings what other tracing systems added along to the upstream, through cascade log and queue', async () => {
    const metadata = new Metadata()
    metadata.set('traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')
    metadata.set('tracestate', 'congo=t61rcWkgMzE,rojo=00f067aa0ba902b7')
    metadata.set('baggage', 'user=planted-baggage')
    const client = connect(gateway.address)
    const { failure } = await called(reply =>
      client.raw.infer(textRequest('planted prompt of another'), metadata, reply),
    )
    client.close()
    expect(failure).toBeUndefined()
    const served = server.requests.at(-1)
    expect(served?.tracestate).toBe('congo=t61rcWkgMzE,rojo=00f067aa0ba902b7')
    expect(served?.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-01$/u)
  })

  it('tells a stream over HTTP in the same words, with the time of its first piece and why it ended', async () => {
    const response = await fetch(`${gateway.httpUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'large-chat',
        stream: true,
        temperature: 0.5,
        messages: [{ role: 'user', content: 'planted prompt of a stream' }],
      }),
    })
    await response.text()
    const cascade = await until(
      'the span of the stream',
      async () =>
        receiver.spans.find(
          ({ name, attributes }) => name === 'cascade' && attributes['gen_ai.request.stream'] === true,
        ),
      span => span !== undefined,
    )
    expect(cascade?.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'large-chat',
      'gen_ai.response.model': 'large-chat',
      'gen_ai.request.temperature': 0.5,
      'gen_ai.response.time_to_first_chunk': expect.any(Number) as number,
      'gen_ai.response.finish_reasons': { values: [{ stringValue: 'stop' }] },
    })
  })

  it('measures what the gateway served, and what it called, with the buckets of the conventions', async () => {
    const metric = (service: string, name: string, is: (attributes: Readonly<Record<string, unknown>>) => boolean) =>
      until(
        `${name} of ${service}`,
        async () => receiver.metric(service, name)?.points.find(({ attributes }) => is(attributes)),
        point => point !== undefined,
      )
    const streamed = { 'gen_ai.provider.name': 'sluice', 'gen_ai.response.model': 'large-chat' }
    const ofStream = (attributes: object): boolean =>
      'gen_ai.request.model' in attributes && attributes['gen_ai.request.model'] === 'large-chat'
    const duration = await metric('sluice-router', 'gen_ai.server.request.duration', ofStream)
    expect(duration).toMatchObject({ count: 1, attributes: streamed })
    expect(duration?.bounds.slice(0, 3)).toEqual([0.01, 0.02, 0.04])
    expect(await metric('sluice-router', 'gen_ai.server.time_to_first_token', ofStream)).toMatchObject({ count: 1 })
    const ofLarge = (attributes: Readonly<Record<string, unknown>>): boolean =>
      attributes['gen_ai.request.model'] === 'served-large' && attributes['gen_ai.token.type'] !== 'input'
    const tokens = await metric('sluice-worker', 'gen_ai.client.token.usage', ofLarge)
    expect(tokens?.attributes).toMatchObject({
      'gen_ai.provider.name': 'openai',
      'gen_ai.operation.name': 'chat',
      'gen_ai.token.type': 'output',
      'server.address': '127.0.0.1',
    })
    expect(tokens?.sum).toBeGreaterThanOrEqual(3)
    expect(tokens?.bounds.slice(0, 4)).toEqual([1, 4, 16, 64])
    for (const name of ['gen_ai.client.operation.duration', 'gen_ai.client.operation.time_to_first_chunk']) {
      expect((await metric('sluice-worker', name, ofLarge))?.count).toBeGreaterThan(0)
    }
  })

  it('holds no content and no credential, in traces and in logs', () => {
    const told = [...receiver.bodies, ...router.lines].join('\n')
    expect(told).not.toContain('planted')
  })

  it('is found in the log and among the exemplars by its trace id', async () => {
    const line = router.lines.map(text => (text.startsWith('{') ? JSON.parse(text) : {})).find(one => one.end)
    expect(line).toMatchObject({
      requestId: answer.requestId,
      traceId: clientSpan()?.traceId,
      end: 'answered',
      rungs: ['small-echo', 'large-chat'],
    })
    expect(metrics).toMatch(
      new RegExp(`sluice_router_request_duration_seconds_bucket.* # \\{trace_id="${clientSpan()?.traceId}"\\}`, 'u'),
    )
  })
})
