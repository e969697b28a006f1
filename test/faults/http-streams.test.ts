import { readFileSync } from 'node:fs'
import { Agent, request, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { chatConfig, chatModel } from '../support/chat-ladder.ts'
import { createTestGateway, until, type GatewayProcess, type TestGateway } from '../support/gateway.ts'
import { startOpenaiServer, type OpenaiServer } from '../support/openai-server.ts'
import { startPrivateRedis, type PrivateRedis } from '../support/private-redis.ts'

let redis: PrivateRedis
let server: OpenaiServer
let gateway: TestGateway
let router: GatewayProcess

beforeAll(async () => {
  ;[redis, server] = await Promise.all([startPrivateRedis(), startOpenaiServer()])
  const times = { firstByteTimeoutMs: 120_000, betweenChunksTimeoutMs: 120_000 }
  gateway = await createTestGateway(
    {
      ...chatConfig({
        pools: { large: { tier: 'large', concurrency: 1200 } },
        models: { large: chatModel('large', [server.baseUrl], { ...times, modalities: ['text'] }) },
        ladders: { generate: { task: 'generate', modalities: ['text'], rungs: ['large'] } },
      }),
      limits: { inFlight: 4000, defaultDeadlineMs: 120_000 },
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

const residentMegabytes = (): number =>
  Number(/VmRSS:\s+(\d+)/u.exec(readFileSync(`/proc/${router.pid}/status`, 'utf8'))?.[1]) / 1024

function open(content: string, agent: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const asking = request(`${gateway.httpUrl}/v1/chat/completions`, { method: 'POST', headers, agent }, resolve)
    asking.on('error', reject)
    asking.end(JSON.stringify({ model: 'auto', stream: true, messages: [{ role: 'user', content }] }))
  })
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const piece of response) text += String(piece)
  return text
}

it('1,000 streams at once are all served whole', async () => {
  const streams = 1000
  const agent = new Agent({ maxSockets: streams })
  const before = residentMegabytes()
  const startedAt = performance.now()
  const answers = await Promise.all(
    Array.from({ length: streams }, async (_, index) => textOf(await open(`pause=200 stream ${index}`, agent))),
  )
  const tookMs = performance.now() - startedAt
  agent.destroy()
  expect(answers.filter(text => !text.endsWith('data: [DONE]\n\n'))).toEqual([])
  expect(answers.every((text, index) => text.includes(`"content":"${index}"`) || text.includes(`${index}`))).toBe(true)
  process.stdout.write(
    `1,000 streams in ${Math.round(tookMs)} ms; the router grew by ${Math.round(residentMegabytes() - before)} MB\n`,
  )
})

it('twenty clients that read 1 kB a second hold their servers back, and the others are served', async () => {
  const agent = new Agent({ maxSockets: 100 })
  const before = residentMegabytes()
  const slow = await Promise.all(Array.from({ length: 20 }, (_, index) => open(`flood=16000000 ${index}`, agent)))
  const peaks: number[] = []
  const reading = slow.map(async response => {
    response.pause()
    while (!response.destroyed) {
      await sleep(1000)
      response.read(1000)
    }
  })
  const times: number[] = []
  for (let second = 0; second < 20; second += 1) {
    const askedAt = performance.now()
    expect(await textOf(await open(`quick ${second}`, agent))).toContain('[DONE]')
    times.push(performance.now() - askedAt)
    peaks.push(residentMegabytes())
    await sleep(1000)
  }
  for (const response of slow) response.destroy()
  await Promise.all(reading)
  agent.destroy()
  const [first, last] = [Math.max(...peaks.slice(0, 10)), Math.max(...peaks.slice(10))]
  process.stdout.write(
    `20 clients at 1 kB/s: the router grew by ${Math.round(last - before)} MB; others waited ${Math.round(Math.max(...times))} ms at most\n`,
  )
  expect(last - before).toBeLessThan(500)
  // Flat: what the first half of the time has filled is all that there is.
  expect(last - first).toBeLessThan(100)
})
