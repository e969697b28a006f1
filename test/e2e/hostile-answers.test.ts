import { status } from '@grpc/grpc-js'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApiKey } from '#services/state/api-keys/api-key'
import { chatConfig, chatModel } from '../support/chat-ladder.ts'
import { createTestGateway, until, type GatewayProcess, type TestGateway } from '../support/gateway.ts'
import { textRequest } from '../support/grpc-client.ts'
import { hostileAnswers, rightAnswers, verifierRungs, type VerifierRung } from '../support/hostile-answers.ts'
import { startPrivateRedis, type PrivateRedis } from '../support/private-redis.ts'

/** A minute's worth; 200 take two. */
const hostile = hostileAnswers(72)
const rungs = Object.keys(verifierRungs) as VerifierRung[]
const keys = { hostile: createApiKey('hostile'), other: createApiKey('other') }

let redis: PrivateRedis
let upstream: Server
let gateway: TestGateway
let worker: GatewayProcess

/** Answers `hostile N` with the answer of that number and `right RUNG` with what that rung's verifier takes. */
function answerTo(asked: string): string {
  const [, kind, what = ''] = /(hostile|right) (\w+)/u.exec(asked) ?? []
  return kind === 'hostile' ? (hostile[Number(what)]?.text ?? '') : (rightAnswers[what as VerifierRung] ?? 'plain')
}

beforeAll(async () => {
  upstream = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const delta = { content: answerTo(Buffer.concat(chunks).toString()) }
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: 'stop' }] })}\n\n`)
      response.end('data: [DONE]\n\n')
    })
  })
  await new Promise<void>(resolve => upstream.listen(0, '127.0.0.1', resolve))
  redis = await startPrivateRedis()
  const endpoints = [`http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1`]
  const model = chatModel('chat', endpoints, { modalities: ['text'], logprobs: false })
  const models = Object.fromEntries([...rungs, 'plain'].map(name => [name, model]))
  const config = {
    ...chatConfig({
      pools: { chat: { tier: 'small', concurrency: 8 } },
      models,
      ladders: {
        generate: {
          task: 'generate',
          modalities: ['text'],
          rungs: ['plain', ...rungs.map(name => ({ model: name, ...verifierRungs[name] }))],
          uncalibrated: { confidenceThreshold: 0 },
        },
      },
    }),
    auth: {
      keys: Object.entries(keys).map(([tenant, { sha256 }]) => ({ id: tenant, sha256, tenant, scopes: ['infer'] })),
    },
  }
  gateway = await createTestGateway(config, redis.url)
  ;[, worker] = await Promise.all([gateway.startRouter(), gateway.startWorker('chat')])
  await until(
    'the worker',
    () => gateway.client.listModels({ authorization: `Bearer ${keys.other.text}` }),
    ({ models: all }) => all.every(one => (one.state?.workers ?? 0) > 0),
  )
}, 60_000)
afterAll(async () => {
  await gateway?.stop()
  await redis?.stop()
  upstream?.close()
})

const ask = (tenant: keyof typeof keys, model: string, text: string, deadlineMs: number) =>
  gateway.client.infer(textRequest(text, { constraints: { model } }), {
    authorization: `Bearer ${keys[tenant].text}`,
    deadlineMs,
  })

/** How long each of a round of good calls of the other tenant takes. */
async function round(): Promise<readonly number[]> {
  const elapsed: number[] = []
  for (const rung of ['plain', ...rungs]) {
    const startedAt = performance.now()
    const { rungs: tried } = await ask('other', rung, `right ${rung}`, 20_000)
    elapsed.push(performance.now() - startedAt)
    expect(tried.map(one => [one.model, one.verdict])).toEqual([[rung, 'VERDICT_ACCEPTED']])
  }
  return elapsed
}

describe('hostile answers against every verifier', () => {
  it('hold up no call of another tenant, and cost no worker', { timeout: 240_000 }, async () => {
    // The first check of a worker waits for its process.
    await round()
    const before = [...(await round()), ...(await round())]
    let next = 0
    const ends: string[] = []
    const sender = async (): Promise<void> => {
      for (let at = next++; at < hostile.length; at = next++) {
        const { rung } = hostile[at]!
        const ended = await ask('hostile', rung, `hostile ${at}`, 60_000).then(
          () => 'answered',
          (error: { code?: number }) => status[error.code ?? status.UNKNOWN] ?? 'UNKNOWN',
        )
        ends.push(ended)
      }
    }
    const attack = Promise.all(Array.from({ length: 32 }, sender))
    const during: number[] = []
    while (ends.length < hostile.length) during.push(...(await round()))
    await attack

    const worst = (of: readonly number[]): number => Math.max(...of)
    expect(during.length).toBeGreaterThan(20)
    // On a machine that others keep busy a call may take longer with nobody hostile about.
    expect(worst(during)).toBeLessThan(Math.max(500, 4 * worst(before)))
    expect(new Set(ends)).toEqual(new Set(['answered']))
    expect(await Promise.race([worker.exited, Promise.resolve('alive')])).toBe('alive')
  })
})
