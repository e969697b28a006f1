import { Server as GrpcServer, ServerCredentials, status, type handleUnaryCall } from '@grpc/grpc-js'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { afterEach, describe, expect, it } from 'vitest'
import type { Backend } from '#services/backends/backend'
import { packageRoot } from '#services/config/load-config'
import { createOipBackend } from '#services/backends/open-inference/open-inference'
import { createOpenaiBackend } from '#services/backends/openai/openai'
import type { Outcome, Work } from '#services/backends/work'
import type { ModelInferRequest__Output } from '#services/wire/generated/inference/ModelInferRequest'
import { loadServices, typesOf } from '#services/wire/load-proto'
import { chatWork } from '../../support/servers/ask-server.ts'

/** What a server says to a request whose body has the word `poison` in it, and to others. */
interface Manners {
  readonly poisoned: readonly [number, string]
  readonly others?: readonly [number, string]
}

const embedding = JSON.stringify({ data: [{ embedding: [0.5] }], usage: { prompt_tokens: 1 } })
const transcript = JSON.stringify({ text: 'four two' })
const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII='
const drawn = JSON.stringify({ data: [{ b64_json: dot }] })
const chat = 'data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

const goods = [
  ['embeddings', embedding],
  ['audio', transcript],
  ['images', drawn],
] as const

let server: Server | undefined
let backend: Backend | undefined
let calls = 0
afterEach(async () => {
  await backend?.close()
  server?.closeAllConnections()
  await new Promise(resolve => server?.close(resolve))
})

async function open({ poisoned, others }: Manners): Promise<void> {
  calls = 0
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      calls += 1
      const good = goods.find(([path]) => request.url?.includes(path))?.[1] ?? chat
      const [code, body] = Buffer.concat(chunks).includes('poison') ? poisoned : (others ?? [200, good])
      response.writeHead(code, { 'content-type': 'application/json' }).end(body)
    })
  })
  await new Promise<void>(resolve => server?.listen(0, '127.0.0.1', resolve))
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  const times = { connectTimeoutMs: 5000, firstByteTimeoutMs: 10_000, betweenChunksTimeoutMs: 10_000 }
  const spec = { kind: 'openai', baseUrl, model: 'm', vision: true, logprobs: false, ...times } as const
  backend = await createOpenaiBackend({ ...spec, ...patience }, dependencies)
}

/** Nothing that is shut off comes back within a test. */
const patience = { attempts: 2, breaker: { failures: 3, openMs: 50_000 } }

const dependencies = {
  packPath: () => '',
  executionProviders: ['cpu'],
  threads: 1,
  logger: pino({ level: 'silent' }),
  clock: { now: () => Date.now() },
}

const never = new AbortController().signal

async function ask(work: Work): Promise<Outcome> {
  const control = { cancelled: () => false, signal: () => never, onDelta: async () => {} }
  const [outcome] = (await backend?.run([work], control)) ?? []
  if (outcome === undefined) throw new Error('there is no outcome')
  return outcome
}

const sound = (word: string): Work['parts'] => [{ kind: 'audio', bytes: Buffer.from(word), mediaType: 'audio/wav' }]
const picture = (word: string): Work['parts'] => [
  { kind: 'image', bytes: Buffer.from('\u0089PNG'), mediaType: 'image/png' },
  { kind: 'text', text: word },
]
const chatOf = (text: string): Work => chatWork({ parts: [{ kind: 'text', text }] })
const embed = (text: string): Work => chatWork({ task: 'embed', parts: [{ kind: 'text', text }] })

/** One endpoint for each task, and what is asked of it. */
const tasks: readonly (readonly [string, (word: string) => Work])[] = [
  ['a text to embed', embed],
  ['a recording', word => chatWork({ task: 'transcribe', parts: sound(word) })],
  ['a chat', chatOf],
  ['a picture', word => chatWork({ parts: picture(word) })],
  ['a picture to make', word => chatWork({ task: 'generate_image', parts: [{ kind: 'text', text: word }] })],
]

const reasons: readonly (readonly [string, string])[] = [
  ['input (600 tokens) is too large to process. increase the physical batch size', 'context-overflow'],
  ['cannot identify image file', 'upstream-refused'],
]

describe('a refusal that is about the input', () => {
  it.each(tasks.flatMap(([what, workOf]) => reasons.map(reason => [what, ...reason, workOf] as const)))(
    'does not rest the endpoint for others, told as a 500 (%s: %s)',
    async (_what, message, reason, workOf) => {
      await open({ poisoned: [500, JSON.stringify({ error: { code: 500, message, type: 'server_error' } })] })
      // As many of them as there are, each another one.
      for (let call = 0; call < 6; call += 1) expect(await ask(workOf(`poison ${call}`))).toMatchObject({ reason })
      expect(calls).toBe(6)
      expect(await ask(workOf('well'))).toMatchObject({ kind: 'done' })
    },
  )
})

describe('a server that fails and does not say why', () => {
  const failed: readonly [number, string] = [500, 'Internal Server Error']

  it.each(tasks)('is left alone with the input that it fails on, and serves the others (%s)', async (_what, workOf) => {
    await open({ poisoned: failed })
    for (let call = 0; call < 8; call += 1) expect((await ask(workOf('poison'))).kind).toBe('failed')
    expect(calls).toBeLessThan(8)
    expect(await ask(workOf('well'))).toMatchObject({ kind: 'done' })
    expect(await ask(workOf('poison'))).toMatchObject({
      kind: 'failed',
      message: expect.stringMatching(/resting: http:\/\/127\.0\.0\.1:\d+\/v1 after server 500/u),
    })
  })

  it('is left alone when it fails on whatever it is given', async () => {
    await open({ poisoned: failed, others: failed })
    for (let call = 0; call < 12; call += 1) expect((await ask(embed(`text ${call}`))).kind).toBe('failed')
    // Two attempts for each of the three inputs that it takes.
    expect(calls).toBeLessThanOrEqual(6)
  })

  it('is left alone when it says that it is away, whatever it is given', async () => {
    await open({ poisoned: [503, ''], others: [503, ''] })
    for (let call = 0; call < 8; call += 1) expect((await ask(embed('the same'))).kind).toBe('failed')
    expect(calls).toBeLessThanOrEqual(4)
    expect((await ask(embed('another'))).kind).toBe('failed')
    expect(calls).toBeLessThanOrEqual(4)
  })
})

describe('a server of tensors', () => {
  let tensors: GrpcServer | undefined
  afterEach(() => tensors?.forceShutdown())

  /** Answers `poison` with INTERNAL and these words, and everything else with itself. */
  async function openTensors(words: string): Promise<void> {
    calls = 0
    tensors = new GrpcServer()
    const { GRPCInferenceService } = typesOf(loadServices(packageRoot())).inference
    const modelInfer: handleUnaryCall<ModelInferRequest__Output, object> = ({ request }, done) => {
      calls += 1
      const [text] = request.inputs[0]?.contents?.bytesContents ?? []
      if (text?.includes('poison') === true) return done({ code: status.INTERNAL, details: words })
      const contents = { bytesContents: [Buffer.from('well')] }
      done(null, { modelName: 'm', outputs: [{ name: 'o', datatype: 'BYTES', shape: [1], contents }] })
    }
    tensors.addService(GRPCInferenceService.service, { modelInfer })
    const port = await new Promise<number>((resolve, reject) =>
      tensors?.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    )
    const times = { connectTimeoutMs: 5000, firstByteTimeoutMs: 10_000, betweenChunksTimeoutMs: 10_000 }
    const baseUrl = `grpc://127.0.0.1:${port}`
    backend = await createOipBackend(
      { kind: 'oip', baseUrl, model: 'm', input: 'i', output: 'o', ...times, ...patience },
      dependencies,
    )
  }

  it('is not rested by a refusal that is about the input', async () => {
    await openTensors('Input length 600 exceeds maximum allowed token size 512')
    for (let call = 0; call < 6; call += 1) {
      expect(await ask(chatOf(`poison ${call}`))).toMatchObject({ reason: 'context-overflow' })
    }
    expect(calls).toBe(6)
    expect(await ask(chatOf('hello'))).toMatchObject({ kind: 'done' })
  })

  it('is left alone with the input that it fails on, and serves the others', async () => {
    await openTensors('inference failed')
    for (let call = 0; call < 8; call += 1) expect((await ask(chatOf('poison'))).kind).toBe('failed')
    expect(calls).toBeLessThan(8)
    expect(await ask(chatOf('hello'))).toMatchObject({ kind: 'done' })
  })
})
