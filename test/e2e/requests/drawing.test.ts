import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { status } from '@grpc/grpc-js'
import { Redis } from 'ioredis'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import { chatConfig } from '../../support/chat-ladder.ts'
import { createTestGateway, until, type TestGateway } from '../../support/gateway.ts'
import { failureOf, fieldsOf, textRequest } from '../../support/grpc-client.ts'
import { startImageServer, type ImageServer } from '../../support/servers/image-server.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import { runCli } from '../../support/run-cli.ts'

let redis: PrivateRedis
let look: Redis
let server: ImageServer
let gateway: TestGateway
let png: Buffer
let folder: string

const perImage = 40_000_000

beforeAll(async () => {
  // Noise does not compress: a picture larger than what travels in a message, and than a client of gRPC takes by
  // default.
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const
  png = await sharp({ create: { width: 1400, height: 1200, channels: 3, background: '#888', noise } })
    .png()
    .toBuffer()
  folder = mkdtempSync(join(tmpdir(), 'sluice-drawing-'))
  ;[redis, server] = await Promise.all([startPrivateRedis(), startImageServer(png)])
  look = new Redis(redis.url)
  const config = chatConfig({
    pools: { large: { tier: 'large', concurrency: 4 } },
    models: {
      painter: {
        pool: 'large',
        tasks: ['generate_image'],
        modalities: ['text'],
        backend: { kind: 'openai', baseUrl: server.baseUrl, model: 'painter-served' },
        price: { perImage, perOutputToken: 100 },
        card: { title: 'A painter', licence: 'none', source: 'a test', trainingData: 'none', limits: 'one picture' },
      },
    },
    ladders: { draw: { task: 'generate_image', modalities: ['text'], rungs: ['painter'] } },
  })
  gateway = await createTestGateway(config, redis.url)
  await Promise.all([gateway.startRouter(), gateway.startWorker('large')])
  await until(
    'the worker',
    () => gateway.client.listModels(),
    ({ models }) => models.every(model => (model.state?.workers ?? 0) > 0),
  )
})
afterAll(async () => {
  await gateway?.stop()
  look?.disconnect()
  await Promise.all([server?.close(), redis?.stop()])
  rmSync(folder, { recursive: true, force: true })
})

const drawing = (prompt: string, more: InferRequest = {}): InferRequest =>
  textRequest(prompt, { task: 'TASK_GENERATE_IMAGE', ...more })

/** Bytes that the tenant has among its payloads. */
async function payloadBytes(): Promise<number> {
  const [key = ''] = await look.keys('e2e:{p:*}:bytes')
  return Number(await look.get(key))
}

describe('drawing', () => {
  it('gives the picture that the server drew, billed by the image and what the server counts beside it', async () => {
    expect(png.byteLength).toBeGreaterThan(4 * 1024 * 1024)
    const options = { size: '1400x1200', quality: 'high' }
    const answer = await gateway.client.infer(drawing('a grey square', { options }))
    expect(answer.output?.image?.mediaType).toBe('image/png')
    expect(png.equals(answer.output?.image?.bytes ?? Buffer.of())).toBe(true)
    expect(answer.rungs.map(rung => [rung.model, rung.verdict])).toEqual([['painter', 'VERDICT_ACCEPTED']])
    expect(answer.usage).toMatchObject({ images: 1, inputTokens: 12, outputTokens: 272, estimated: false })
    expect(answer.costNanoUsd).toBe(perImage + 272 * 100)
    expect(server.requests.at(-1)).toEqual({
      model: 'painter-served',
      prompt: 'a grey square',
      n: 1,
      response_format: 'b64_json',
      ...options,
    })
    // Nobody can come back for it.
    await expect.poll(payloadBytes).toBe(0)
  })

  it('holds the price of the image before it is drawn', async () => {
    const { reserveNanoUsd } = await gateway.client.explain(drawing('a grey square'))
    expect(reserveNanoUsd).toBe(perImage + 8192 * 100)
    const poor = drawing('a grey square', { constraints: { maxCostNanoUsd: perImage } })
    expect((await failureOf(gateway.client.infer(poor))).code).toBe(status.RESOURCE_EXHAUSTED)
  })

  it('tells a stream of it at the end', async () => {
    const events = await gateway.client.inferStream(drawing('a streamed square'))
    expect(png.equals(events.at(-1)?.final?.output?.image?.bytes ?? Buffer.of())).toBe(true)
  })

  it('keeps the picture of a job, and of a call that may come again, and draws it once', async () => {
    const asked = server.requests.length
    const again = drawing('a kept square', { idempotencyKey: 'once' })
    const first = await gateway.client.infer(again)
    const second = await gateway.client.infer(again)
    expect(second.requestId).toBe(first.requestId)
    expect(png.equals(second.output?.image?.bytes ?? Buffer.of())).toBe(true)
    const { jobId } = await gateway.client.submit(drawing('a job'))
    const told = (await gateway.client.watchJob(jobId)).at(-1)
    expect(told?.state).toBe('JOB_STATE_SUCCEEDED')
    expect(png.equals(told?.response?.output?.image?.bytes ?? Buffer.of())).toBe(true)
    const job = await gateway.client.getJob(jobId)
    expect(png.equals(job.response?.output?.image?.bytes ?? Buffer.of())).toBe(true)
    expect(server.requests.length).toBe(asked + 2)
    expect(await payloadBytes()).toBe(2 * png.byteLength)
  })

  it('refuses what is no text, and a size that is none', async () => {
    const failure = await failureOf(
      gateway.client.infer(
        drawing('', { content: [{ text: 'a' }, { image: { bytes: png } }], options: { size: '9' } }),
      ),
    )
    expect(failure.code).toBe(status.INVALID_ARGUMENT)
    expect(fieldsOf(failure)).toEqual(['content[1].image', 'options.size'])
  })

  it('says that the server gave no picture, and bills nothing', async () => {
    const failure = await failureOf(gateway.client.infer(drawing('fault=no-data')))
    expect(failure.code).toBe(status.UNAVAILABLE)
    expect(failure.details).toContain('the server gave no picture')
  })

  it('lets go of the server when the caller leaves', async () => {
    const leaving = new AbortController()
    const asked = server.requests.length
    const before = server.left
    const call = failureOf(gateway.client.infer(drawing('pause=5000 left'), { signal: leaving.signal }))
    await until(
      'the call at the server',
      async () => server.requests.length,
      count => count > asked,
    )
    leaving.abort()
    await call
    await expect.poll(() => server.left, { timeout: 2000 }).toBe(before + 1)
  })

  it('writes a file for the command line, which says so before it asks where there is none', async () => {
    const file = join(folder, 'square.png')
    const asked = server.requests.length
    const command = ['infer', '--address', gateway.address, '--task', 'generate_image', '--text', 'a square']
    const lost = await runCli(command)
    expect(lost.code).not.toBe(0)
    expect(lost.stderr).toContain('--out FILE')
    expect(server.requests.length).toBe(asked)
    const run = await runCli([...command, '--size', '64x64', '--out', file])
    expect(run).toMatchObject({ code: 0, stderr: expect.stringContaining(file) })
    expect(run.stdout).toContain(`a picture of ${png.byteLength} bytes, image/png`)
    expect(png.equals(readFileSync(file))).toBe(true)
  })
})
