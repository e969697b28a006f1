import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chatConfig, chatModel } from '../../support/chat-ladder.ts'
import { createTestGateway, until, type GatewayProcess, type TestGateway } from '../../support/gateway.ts'
import { failureOf, textRequest } from '../../support/grpc-client.ts'
import { startOpenaiServer, type OpenaiServer } from '../../support/openai-server.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'

let redis: PrivateRedis
let server: OpenaiServer
let gateway: TestGateway
let router: GatewayProcess

/** Two calls at once in the worker, so that a third waits in the queue. */
const concurrency = 2

beforeAll(async () => {
  ;[redis, server] = await Promise.all([startPrivateRedis(), startOpenaiServer()])
  const times = { firstByteTimeoutMs: 30_000, betweenChunksTimeoutMs: 30_000 }
  gateway = await createTestGateway(
    chatConfig({
      pools: { large: { tier: 'large', concurrency: concurrency } },
      models: { large: chatModel('large', [server.baseUrl], { ...times, modalities: ['text'] }) },
      ladders: { generate: { task: 'generate', modalities: ['text'], rungs: ['large'] } },
    }),
    redis.url,
  )
  ;[router] = await Promise.all([gateway.startRouter(), gateway.startWorker('large')])
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

let asked = 0
const rounds = 9

/** Asks, waits until the server has the call, leaves; gives how long the server was kept after that. */
async function leave(how: string, streamed: boolean): Promise<number> {
  asked += 1
  const leaving = new AbortController()
  const [before, left] = [server.requests.length, server.leftAt.length]
  const request = textRequest(`${how} ${asked} ${'word '.repeat(300)}`)
  const settings = { signal: leaving.signal, deadlineMs: 60_000 }
  const call = failureOf(
    streamed ? gateway.client.inferStream(request, settings) : gateway.client.infer(request, settings),
  )
  await until(
    'the call at the server',
    async () => server.requests.length,
    count => count > before,
  )
  // The first words are on their way.
  await new Promise(resolve => setTimeout(resolve, 60))
  const leftAt = Date.now()
  leaving.abort()
  await call
  await until(
    'the end of the connection',
    async () => server.leftAt.length,
    count => count > left,
  )
  return (server.leftAt.at(-1) ?? Infinity) - leftAt
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? Infinity
}

describe('a caller who leaves', () => {
  it.each([
    ['unary, while the answer comes', 'pause=50', false],
    ['unary, before its first word', 'fault=silent', false],
    ['streamed, while the answer comes', 'pause=50', true],
  ])('frees the server within 100 ms at the median (%s)', async (_name, how, streamed) => {
    const times: number[] = []
    for (let round = 0; round < rounds; round += 1) times.push(await leave(how, streamed))
    expect(median(times)).toBeLessThan(100)
  })

  it('frees the line when the call still waits, which the server never hears of', async () => {
    const holding = new AbortController()
    const before = server.requests.length
    const held = Array.from({ length: concurrency }, (_, index) =>
      failureOf(
        gateway.client.infer(textRequest(`fault=silent holding ${index}`), {
          signal: holding.signal,
          deadlineMs: 60_000,
        }),
      ),
    )
    await until(
      'the slots to be full',
      async () => server.requests.length,
      count => count === before + concurrency,
    )
    const leaving = new AbortController()
    const waiting = Array.from({ length: rounds }, (_, index) =>
      failureOf(gateway.client.infer(textRequest(`never asked ${index}`), { signal: leaving.signal })),
    )
    await until(
      'the line',
      () => gateway.client.listModels(),
      ({ models }) => models[0]?.state?.waiting === rounds,
    )
    leaving.abort()
    await Promise.all(waiting)
    await until(
      'the line to be empty',
      () => gateway.client.listModels(),
      ({ models }) => models[0]?.state?.waiting === 0,
    )
    holding.abort()
    await Promise.all(held)
    await gateway.client.infer(textRequest('who is next'))
    expect(JSON.stringify(server.requests.slice(before))).not.toContain('never asked')
  })
})

describe('a caller who reads slowly', () => {
  it('holds the server back, and costs the router no memory', async () => {
    const floodCharacters = 64_000_000
    const before = residentMegabytes(router.pid)
    const stop = new AbortController()
    let taken = 0
    const call = failureOf(
      gateway.client.inferStream(textRequest(`flood=${floodCharacters}`), {
        signal: stop.signal,
        deadlineMs: 60_000,
        // About a thousand characters a second.
        pauseMs: event => {
          taken += event.textDelta?.text.length ?? 0
          return event.textDelta?.text.length ?? 0
        },
      }),
    )
    await new Promise(resolve => setTimeout(resolve, 3000))
    const grown = residentMegabytes(router.pid) - before
    const { floodedCharacters } = server
    stop.abort()
    await call
    expect(taken).toBeGreaterThan(0)
    // What lies in the buffers of sockets, windows and processes between the two; all the rest waits in the server.
    expect(floodedCharacters).toBeLessThan(floodCharacters / 4)
    expect(grown).toBeLessThan(24)
  })
})

function residentMegabytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/u.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}
