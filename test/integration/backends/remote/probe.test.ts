import { Server as GrpcServer, ServerCredentials, status, type handleUnaryCall } from '@grpc/grpc-js'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig, packageRoot } from '#services/config/load-config'
import { probeServers } from '#services/config/probe/probe-servers'
import type { ProbeFinding, ProbeState } from '#services/config/probe/probe-finding'
import { loadServices, typesOf } from '#services/wire/load-proto'
import { freePort } from '#services/cli/system/private-redis'
import { chatConfig } from '../../../support/chat-ladder.ts'

/** What servers say to a GET, by the path under which they stand and that of the page. */
type Page = (request: IncomingMessage) => readonly [number, string]

const json = (value: unknown): readonly [number, string] => [200, JSON.stringify(value)]
const models = (...ids: readonly string[]): Page => {
  return () => json({ object: 'list', data: ids.map(id => ({ id, object: 'model' })) })
}
const key = 'a-key-that-nobody-shows'

const pages: Readonly<Record<string, Page>> = {
  '/good/v1/models': models('m', 'other'),
  '/latest/v1/models': models('m:latest'),
  '/bare/v1/models': () => json([{ id: 'm' }]),
  '/without/v1/models': models('a', 'b'),
  '/alias/v1/models': models('m-2026-01-01'),
  '/alias/v1/models/m': () => json({ id: 'm-2026-01-01', object: 'model' }),
  '/many/v1/models': models(...Array.from({ length: 40 }, (_, place) => `model-${place}`)),
  '/refuses/v1/models': ({ headers }) => [
    401,
    JSON.stringify({ error: { message: `Wrong: ${headers.authorization}` } }),
  ],
  '/broken/v1/models': () => [503, JSON.stringify({ error: { message: 'The engine is loading.' } })],
  '/page': () => [200, '<html><title>Welcome</title></html>'],
  '/page/models': () => [200, '<html><title>Welcome</title></html>'],
  '/azure/models': ({ url = '' }) =>
    url.includes('api-version=1') ? json({ data: [{ id: 'm' }] }) : [400, 'no version'],
  '/claude/v1/models': ({ headers }) =>
    headers['x-api-key'] === key && headers['anthropic-version'] !== undefined
      ? json({ data: [{ type: 'model', id: 'm' }], has_more: false })
      : [401, JSON.stringify({ type: 'error', error: { type: 'authentication_error', message: 'invalid x-api-key' } })],
  '/google/v1beta/models': ({ headers }) =>
    headers['x-goog-api-key'] === key
      ? json({ models: [{ name: 'models/m' }] })
      : [400, JSON.stringify({ error: { code: 400, message: 'API key not valid.', status: 'INVALID_ARGUMENT' } })],
}

let server: Server
let origin: string
let grpc: GrpcServer
let grpcUrl: string
let closedPort: number
const folder = mkdtempSync(join(tmpdir(), 'sluice-probe-'))

beforeAll(async () => {
  server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const [code = 404, body = '{"error":{"message":"no such page"}}'] =
      request.method === 'GET' ? (pages[request.url?.split('?')[0] ?? '']?.(request) ?? []) : [500, 'a call']
    response.writeHead(code).end(body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  ;[grpc, grpcUrl] = await startInferenceServer()
  closedPort = await freePort()
})
afterAll(async () => {
  grpc.forceShutdown()
  rmSync(folder, { recursive: true })
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
})

/** Knows `m` alone, which takes `text` and gives `answer`. */
async function startInferenceServer(): Promise<[GrpcServer, string]> {
  const started = new GrpcServer()
  const { GRPCInferenceService } = typesOf(loadServices(packageRoot())).inference
  const saying =
    (answer: object): handleUnaryCall<{ name: string }, object> =>
    ({ request }, done) =>
      request.name === 'm' ? done(null, answer) : done({ code: status.NOT_FOUND, details: `no model ${request.name}` })
  started.addService(GRPCInferenceService.service, {
    modelReady: saying({ ready: true }),
    modelMetadata: saying({ name: 'm', inputs: [{ name: 'text' }], outputs: [{ name: 'answer' }] }),
  })
  const port = await new Promise<number>((resolve, reject) =>
    started.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  )
  return [started, `grpc://127.0.0.1:${port}`]
}

async function probeAll(backend: object): Promise<readonly ProbeFinding[]> {
  const model = { pool: 'p', tasks: ['generate'], backend: { model: 'm', ...backend }, price: { perOutputToken: 1 } }
  const ladder = { task: 'generate', modalities: ['text'], rungs: ['one'] }
  const file = join(folder, 'sluice.yaml')
  const parts = { pools: { p: { tier: 'small' } }, models: { one: model }, ladders: { generate: ladder } }
  writeFileSync(file, JSON.stringify({ ...chatConfig(parts), redis: { url: 'redis://127.0.0.1:1' } }))
  return probeServers(loadConfig(file).config, { isWanted: () => true, timeoutMs: 10_000 })
}

async function probe(backend: object): Promise<ProbeFinding> {
  const [finding] = await probeAll(backend)
  if (finding === undefined) throw new Error('nothing was looked at')
  return finding
}

describe('a look at a server', () => {
  it.each<[string, string, string, ProbeState, RegExp, object?]>([
    ['has the model', 'openai', '/good/v1', 'ok', /has the model/u],
    ['has the model, by an address with a slash', 'openai', '/good/v1/', 'ok', /./u],
    ['has the model, and a tag behind it', 'openai', '/latest/v1', 'ok', /./u],
    ['has the model, in a list alone', 'openai', '/bare/v1', 'ok', /./u],
    ['has the model by another name', 'openai', '/alias/v1', 'ok', /./u],
    [
      'has the model and no adapter',
      'openai',
      '/good/v1',
      'model-unknown',
      /does not list lora-x/u,
      { adapters: { x: 'lora-x' } },
    ],
    ['has other models', 'openai', '/without/v1', 'model-unknown', /does not list m; it has a, b$/u],
    ['has many other models', 'openai', '/many/v1', 'model-unknown', /model-7 and 32 more/u],
    ['is asked without /v1', 'openai', '/good', 'address-wrong', /should end in \/good\/v1/u],
    ['is asked with /v1 twice', 'openai', '/good/v1/v1', 'address-wrong', /should end in \/good\/v1/u],
    ['is asked for chats', 'openai', '/good/v1/chat/completions', 'address-wrong', /leave it out/u],
    ['refuses the key', 'openai', '/refuses/v1', 'key-refused', /the key is refused \(401/u],
    ['is in trouble', 'openai', '/broken/v1', 'failing', /answers 503: The engine is loading/u],
    ['is a page', 'openai', '/page', 'address-wrong', /not answer as a model server/u],
    ['lists nothing', 'openai', '/nothing/v1', 'unchecked', /does not list its models/u],
    ['has the model behind a query', 'openai', '/azure?api-version=1', 'ok', /./u],
    ['has the model', 'anthropic', '/claude/v1', 'ok', /./u],
    ['is asked without /v1', 'anthropic', '/claude', 'address-wrong', /\/claude\/v1/u],
    ['refuses the key', 'anthropic', '/claude/v1', 'key-refused', /invalid x-api-key/u, { apiKey: 'wrong-key' }],
    ['has the model', 'gemini', '/google/v1beta', 'ok', /./u],
    ['is asked without /v1beta', 'gemini', '/google', 'address-wrong', /\/google\/v1beta/u],
    ['refuses the key', 'gemini', '/google/v1beta', 'key-refused', /API key not valid/u, { apiKey: 'wrong-key' }],
  ])('tells that it %s (%s %s)', async (_what, kind, path, state, message, more = {}) => {
    const url = `${origin.replace('//', '//user:pass@')}${path}`
    const finding = await probe({ kind, baseUrl: url, apiKey: key, ...more })
    expect(finding).toMatchObject({ model: 'one', state, message: expect.stringMatching(message) })
    // Neither keys nor what may be secret in an address is told.
    expect(finding.server).toBe(`${origin}${path.replace(/\?.*|\/$/u, '')}`)
    expect(finding.message).not.toMatch(/a-key-that|wrong-key|user|pass/u)
  })

  it('tells that there is none', async () => {
    const finding = await probe({ kind: 'openai', baseUrl: `http://127.0.0.1:${closedPort}/v1` })
    expect(finding).toMatchObject({ state: 'unreachable', message: 'there is no server: ECONNREFUSED' })
  })

  it.each<readonly [string, object, ProbeState, RegExp]>([
    ['has the model', {}, 'ok', /has the model/u],
    ['does not know the model', { model: 'other' }, 'model-unknown', /no model other/u],
    ['takes other tensors', { input: 'INPUT0' }, 'model-unknown', /no input INPUT0; it has text/u],
    ['gives other tensors', { score: 'trust' }, 'model-unknown', /no output trust; it has answer/u],
  ])('tells that one of tensors %s', async (_what, more, state, message) => {
    const backend = { kind: 'oip', baseUrl: grpcUrl, input: 'text', output: 'answer', ...more }
    expect(await probe(backend)).toMatchObject({ server: grpcUrl, state, message: expect.stringMatching(message) })
  })

  it('tells that there is none of tensors', async () => {
    const backend = { kind: 'oip', baseUrl: `grpc://127.0.0.1:${closedPort}`, input: 'text', output: 'answer' }
    expect(await probe(backend)).toMatchObject({ state: 'unreachable' })
  })

  it('is one for each endpoint', async () => {
    const findings = await probeAll({ kind: 'openai', endpoints: [`${origin}/good/v1`, `${origin}/without/v1`] })
    expect(findings.map(({ server: at, state }) => [at, state])).toEqual([
      [`${origin}/good/v1`, 'ok'],
      [`${origin}/without/v1`, 'model-unknown'],
    ])
  })
})
