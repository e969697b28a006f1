import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chatConfig, chatModel } from '../../support/chat-ladder.ts'
import { createTestGateway, until, type GatewayProcess, type TestGateway } from '../../support/gateway.ts'
import { failureOf, textRequest } from '../../support/grpc-client.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import { runCli } from '../../support/run-cli.ts'

const key = 'sk-test-0123456789abcdef'
const secretWords = 'Ada Lovelace keeps the engine under the stairs'

let redis: PrivateRedis
let server: Server
let origin: string
let gateway: TestGateway
let router: GatewayProcess
let worker: GatewayProcess
let largeWorker: GatewayProcess

beforeAll(async () => {
  redis = await startPrivateRedis()
  // It lists its models, and repeats all that it was sent when it refuses a chat, as careless servers do.
  server = createServer((request, response) => {
    let body = ''
    request.on('data', piece => (body += String(piece)))
    request.on('end', () => {
      if (request.method === 'GET') {
        response.end(JSON.stringify({ data: [{ id: 'small-served' }] }))
        return
      }
      const message = `Unknown field "frobnicate" for ${request.headers.authorization}: ${body}`
      response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { message } }))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const baseUrl = `${origin.replace('//', '//ada:pass@')}/v1?key=hidden`
  const pools = { small: { tier: 'small' }, large: { tier: 'large' } }
  const models = {
    small: chatModel('small', [baseUrl], { apiKey: key }),
    large: chatModel('large', [baseUrl], { apiKey: key }),
  }
  const ladders = { generate: { task: 'generate', modalities: ['text'], rungs: ['small'] } }
  gateway = await createTestGateway(chatConfig({ pools, models, ladders }), redis.url)
  router = await gateway.startRouter()
  worker = await gateway.startWorker('small')
  largeWorker = await gateway.startWorker('large')
  await until(
    'both workers',
    () => gateway.client.listModels(),
    ({ models: known }) => known.every(model => (model.state?.workers ?? 0) > 0),
  )
}, 120_000)
afterAll(async () => {
  await gateway?.stop()
  await redis?.stop()
  server?.closeAllConnections()
  await new Promise(resolve => server?.close(resolve))
})
/** Lines of a process' log that are about this, as they are. */
const linesOf = ({ lines }: GatewayProcess, words: string): readonly Readonly<Record<string, unknown>>[] =>
  lines.filter(line => line.includes(words)).map(line => JSON.parse(line) as Readonly<Record<string, unknown>>)

describe('the server of a model', () => {
  it('is looked at when its worker starts, and what it lacks is said in the log', async () => {
    const lines = await until(
      'the warning',
      () => Promise.resolve(linesOf(largeWorker, 'the server of a model')),
      found => found.length > 0,
    )
    expect(lines[0]).toMatchObject({
      level: 'warn',
      model: 'large',
      server: `${origin}/v1`,
      found: 'model-unknown',
      msg: expect.stringContaining('does not list large-served; it has small-served'),
    })
    expect(linesOf(worker, 'the server of a model')).toEqual([])
  })

  it('is looked at by `config check --probe`', async () => {
    const { code, stdout } = await runCli(['config', 'check', gateway.configFile, '--probe', '--json'])
    const { servers } = JSON.parse(stdout) as { servers: readonly object[] }
    expect(servers).toMatchObject([
      { model: 'small', server: `${origin}/v1`, state: 'ok' },
      { model: 'large', server: `${origin}/v1`, state: 'model-unknown' },
    ])
    expect(code).toBe(1)
    const plain = await runCli(['config', 'check', gateway.configFile, '--probe'])
    expect(plain.stdout).toContain(`model-unknown  large at ${origin}/v1: the server does not list large-served`)
    expect((await runCli(['config', 'check', gateway.configFile])).code).toBe(0)
  })

  it('says in its own words why a call failed: to the caller, and in one line of the log', async () => {
    const failure = await failureOf(gateway.client.infer(textRequest(secretWords)))
    expect(failure.code).toBe(status.INVALID_ARGUMENT)
    expect(failure.details).toContain('the server answered 400: Unknown field "frobnicate" for')
    expect(failure.details).toContain(`(${origin}/v1)`)
    const lines = await until(
      'the line',
      // The router calls a server itself where the pool lets it.
      () => Promise.resolve([router, worker].flatMap(one => linesOf(one, 'a call to a model server failed'))),
      found => found.length > 0,
    )
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({
      level: 'warn',
      requestId: expect.stringMatching(/^\w{20,}$/u),
      model: 'small',
      server: `${origin}/v1`,
      fault: 'refused',
      why: expect.stringContaining('frobnicate'),
    })
    const told = JSON.stringify([failure.details, router.lines, worker.lines])
    for (const secret of [key, 'Lovelace', 'under the stairs', 'ada:pass', 'hidden']) expect(told).not.toContain(secret)
  })
})
