import { readFileSync } from 'node:fs'
import { Agent, get, request, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chatConfig, chatModel } from '../../support/chat-ladder.ts'
import { createTestGateway, until, type GatewayProcess, type TestGateway } from '../../support/gateway.ts'
import { startOpenaiServer, type OpenaiServer } from '../../support/openai-server.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'

let redis: PrivateRedis
let server: OpenaiServer
let gateway: TestGateway
let router: GatewayProcess

/** Longer than a busy machine keeps a connection waiting. */
const headerTimeoutMs = 3000
const allowedOrigin = 'https://chat.example'

beforeAll(async () => {
  ;[redis, server] = await Promise.all([startPrivateRedis(), startOpenaiServer()])
  const times = { firstByteTimeoutMs: 30_000, betweenChunksTimeoutMs: 30_000 }
  gateway = await createTestGateway(
    {
      ...chatConfig({
        pools: { large: { tier: 'large', concurrency: 300 } },
        models: { large: chatModel('large', [server.baseUrl], { ...times, modalities: ['text'] }) },
        ladders: { generate: { task: 'generate', modalities: ['text'], rungs: ['large'] } },
      }),
      listen: { corsOrigins: [allowedOrigin] },
      limits: { http: { headerTimeoutMs, bodyMegabytes: 16 } },
    },
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

const chat = (content: string, more: object = {}): string =>
  JSON.stringify({ model: 'auto', messages: [{ role: 'user', content }], ...more })
const json = { 'content-type': 'application/json' }

const post = (body: string, more: RequestInit = {}): Promise<Response> =>
  fetch(`${gateway.httpUrl}/v1/chat/completions`, { method: 'POST', body, headers: json, ...more })

/** What a server says on a connection of one's own, to its end. */
async function talk(words: string): Promise<string> {
  const { hostname, port } = new URL(gateway.httpUrl)
  const socket = connect(Number(port), hostname)
  socket.write(words)
  let received = ''
  for await (const piece of socket) received += String(piece)
  return received
}

const residentMegabytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/u.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[values.length >> 1] ?? Infinity

describe('a body', () => {
  it('that is too large is refused by its length, and where it tells none, as soon as it is', async () => {
    const before = residentMegabytes(router.pid)
    const told = await talk(
      'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 200000000\r\n\r\n',
    )
    expect(told).toMatch(/^HTTP\/1\.1 413 /u)
    expect(told).toContain('"code":"body_too_large"')
    const chunk = Buffer.alloc(1_000_000, 120)
    let sent = 0
    const status = await new Promise<number>((resolve, reject) => {
      const asking = request(`${gateway.httpUrl}/v1/chat/completions`, { method: 'POST', headers: json }, response => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      // The router closes the connection on what nobody reads.
      asking.on('error', error => (sent > 16_000_000 ? resolve(413) : reject(error)))
      const write = (): void => {
        if (sent >= 200_000_000 || asking.destroyed) return
        sent += chunk.byteLength
        if (asking.write(chunk)) setImmediate(write)
        else asking.once('drain', write)
      }
      write()
    })
    expect(status).toBe(413)
    expect(sent).toBeLessThan(60_000_000)
    expect(residentMegabytes(router.pid) - before).toBeLessThan(100)
  })

  it('that is no JSON after ten megabytes is refused by its place, and nothing of it is repeated', async () => {
    const broken = `${chat('x'.repeat(10_000_000)).slice(0, -2)} secret`
    const response = await post(broken)
    const text = await response.text()
    expect(response.status).toBe(400)
    expect(JSON.parse(text)).toMatchObject({ error: { type: 'invalid_request_error', param: 'body' } })
    expect(text).toMatch(/character 100\d{5}/u)
    expect(text).not.toContain('secret')
  })

  it('of another type is refused', async () => {
    expect((await post('x=1', { headers: { 'content-type': 'text/plain' } })).status).toBe(400)
  })
})

describe('a client that is slow or rude', () => {
  it('is told so when its headers do not come, or are too large, or are none', async () => {
    const startedAt = Date.now()
    expect(await talk('POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-slow: ')).toMatch(/^HTTP\/1\.1 408 /u)
    expect(Date.now() - startedAt).toBeGreaterThan(headerTimeoutMs - 50)
    expect(await talk(`GET / HTTP/1.1\r\nhost: x\r\nx-long: ${'y'.repeat(20_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /u,
    )
    expect(await talk('hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /u)
  })

  it('does not keep others from being served: 2,000 of them say nothing', async () => {
    const { hostname, port } = new URL(gateway.httpUrl)
    const before = residentMegabytes(router.pid)
    const idle: Socket[] = []
    await Promise.all(
      Array.from(
        { length: 2000 },
        () =>
          new Promise<void>(resolve => {
            const socket = connect(Number(port), hostname, resolve)
            socket.on('error', () => {})
            idle.push(socket)
          }),
      ),
    )
    expect((await post(chat('hello'))).status).toBe(200)
    expect(residentMegabytes(router.pid) - before).toBeLessThan(120)
    for (const socket of idle) socket.destroy()
  })

  it('holds the model server back when it reads nothing', async () => {
    const floodCharacters = 64_000_000
    const before = residentMegabytes(router.pid)
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const asking = request(
        `${gateway.httpUrl}/v1/chat/completions`,
        { method: 'POST', headers: json, agent: new Agent() },
        resolve,
      )
      asking.on('error', reject)
      asking.end(chat(`flood=${floodCharacters}`, { stream: true }))
    })
    response.pause()
    // Nobody reads: when the buffers on the way are full, the server writes no more.
    let flooded = -1
    await until(
      'the server to be held back',
      async () => {
        const last = flooded
        flooded = server.floodedCharacters
        await new Promise(resolve => setTimeout(resolve, 300))
        return flooded > 0 && flooded === last
      },
      held => held,
      20_000,
    )
    expect(flooded).toBeLessThan(floodCharacters / 4)
    expect(residentMegabytes(router.pid) - before).toBeLessThan(120)
    response.destroy()
  })
})

describe('a client that leaves', () => {
  const rounds = 5

  async function leave(words: string, stream: boolean): Promise<number> {
    const leaving = new AbortController()
    const [before, left] = [server.requests.length, server.leftAt.length]
    const asking = post(chat(`${words} ${'word '.repeat(300)} ${before}`, { stream }), { signal: leaving.signal })
      .then(response => response.text())
      .catch(() => '')
    await until(
      'the call at the server',
      async () => server.requests.length,
      count => count > before,
    )
    // The first words are on their way.
    await new Promise(resolve => setTimeout(resolve, 60))
    const leftAt = Date.now()
    leaving.abort()
    await asking
    await until(
      'the end of the connection',
      async () => server.leftAt.length,
      count => count > left,
    )
    return (server.leftAt.at(-1) ?? Infinity) - leftAt
  }

  it.each([
    ['whole, while the answer comes', 'pause=50', false],
    ['whole, before its first word', 'fault=silent', false],
    ['streamed, while the answer comes', 'pause=50', true],
    ['streamed, before its first word', 'fault=silent', true],
  ])('frees the server within 100 ms at the median (%s)', async (_name, words, stream) => {
    const times: number[] = []
    for (let round = 0; round < rounds; round += 1) times.push(await leave(words, stream))
    expect(median(times)).toBeLessThan(100)
  })
})

describe('many streams at once', () => {
  it('are all served whole', async () => {
    const streams = 60
    const agent = new Agent({ maxSockets: streams })
    const answers = await Promise.all(
      Array.from(
        { length: streams },
        (_, index) =>
          new Promise<string>((resolve, reject) => {
            const asking = request(
              `${gateway.httpUrl}/v1/chat/completions`,
              { method: 'POST', headers: json, agent },
              response => {
                let text = ''
                response
                  .setEncoding('utf8')
                  .on('data', piece => (text += piece))
                  .on('end', () => resolve(text))
              },
            )
            asking.on('error', reject)
            asking.end(chat(`stream number ${index}`, { stream: true }))
          }),
      ),
    )
    agent.destroy()
    expect(answers.find(text => !text.endsWith('data: [DONE]\n\n'))).toBeUndefined()
    const said = answers.map(text => [...text.matchAll(/"content":"([^"]*)"/gu)].map(match => match[1]).join(''))
    expect(said).toEqual(answers.map((_, index) => `echo: stream number ${index}`))
  })
})

describe('a page of another origin', () => {
  const originOf = async (origin: string, method = 'GET'): Promise<string | null> =>
    (await fetch(`${gateway.httpUrl}/v1/models`, { method, headers: { origin } })).headers.get(
      'access-control-allow-origin',
    )

  it('may call where its origin is configured alone', async () => {
    expect(await originOf(allowedOrigin)).toBe(allowedOrigin)
    expect(await originOf(allowedOrigin, 'OPTIONS')).toBe(allowedOrigin)
    expect(await originOf('https://evil.example')).toBeNull()
  })
})

it('counts its calls with those of the gRPC port, and by path', async () => {
  const page = await (await fetch(`${gateway.opsUrl}/metrics`)).text()
  expect(page).toMatch(/sluice_router_http_requests_total\{route="\/v1\/chat\/completions",status="413"\} [1-9]/u)
  expect(page).toMatch(/sluice_router_requests_total\{rpc="InferStream",status="CANCELLED"\} [1-9]/u)
  expect(page).toMatch(/sluice_router_requests_total\{rpc="InferStream",status="OK"\} [1-9]/u)
  await until(
    'the last calls to end',
    async () => (await fetch(`${gateway.opsUrl}/metrics`)).text(),
    text => /sluice_router_in_flight_requests 0/u.test(text),
  )
})

it('has a place for every other path', async () => {
  const missing = await new Promise<IncomingMessage>(resolve => get(`${gateway.httpUrl}/nothing`, resolve))
  expect(missing.statusCode).toBe(404)
  missing.destroy()
})
