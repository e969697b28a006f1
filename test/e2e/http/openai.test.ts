import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import sharp from 'sharp'
import { createTestGateway, until, type TestConfig, type TestGateway } from '../../support/gateway.ts'
import { failureOf, textRequest } from '../../support/grpc-client.ts'
import { startOpenaiServer, type OpenaiServer } from '../../support/openai-server.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'

let redis: PrivateRedis
let small: OpenaiServer
let large: OpenaiServer
let gateway: TestGateway

const card = { title: 'A chat', licence: 'none', source: 'a test', trainingData: 'none', limits: 'it only echoes' }

/**
 * Two servers that speak the protocol. What the small one says is trusted from 0.7; its trust falls with every word.
 */
function chatConfig(): TestConfig {
  const model = (pool: string, server: OpenaiServer, vision: boolean, price: object): object => ({
    pool,
    tasks: ['generate'],
    modalities: vision ? ['text', 'image'] : ['text'],
    backend: { kind: 'openai', baseUrl: server.baseUrl, model: `${pool}-served`, vision },
    price,
    card,
  })
  return {
    version: 1,
    log: { level: 'warn' },
    auth: { anonymous: true, anonymousScopes: ['infer'] },
    budgets: { requestMaxUsd: 1, tenantPerDayUsd: 100 },
    pools: { small: { tier: 'small', concurrency: 8 }, large: { tier: 'large', concurrency: 8 } },
    models: {
      'small-chat': model('small', small, false, { perInputToken: 20, perOutputToken: 80 }),
      'large-chat': model('large', large, true, { perInputToken: 300, perOutputToken: 1500 }),
    },
    ladders: {
      generate: {
        task: 'generate',
        modalities: ['text'],
        rungs: ['small-chat', 'large-chat'],
        uncalibrated: { confidenceThreshold: 0.7 },
      },
      look: { task: 'generate', modalities: ['text', 'image'], rungs: ['large-chat'] },
    },
  }
}

beforeAll(async () => {
  ;[redis, small, large] = await Promise.all([startPrivateRedis(), startOpenaiServer(), startOpenaiServer()])
  gateway = await createTestGateway(chatConfig(), redis.url)
  await Promise.all([gateway.startRouter(), gateway.startWorker('small'), gateway.startWorker('large')])
  await until(
    'both workers',
    () => gateway.client.listModels(),
    ({ models }) => models.every(model => (model.state?.workers ?? 0) > 0),
  )
})

afterAll(async () => {
  await gateway?.stop()
  await Promise.all([small?.close(), large?.close(), redis?.stop()])
})

describe('a ladder of chat servers', () => {
  it('is content with the small one where that is sure, and bills the tokens that it tells', async () => {
    const answer = await gateway.client.infer(textRequest('one two'))
    expect(answer.output?.text).toBe('echo: one two')
    expect(answer.rungs.map(rung => [rung.model, rung.verdict])).toEqual([['small-chat', 'VERDICT_ACCEPTED']])
    expect(answer.costNanoUsd).toBe(11 * 20 + 3 * 80)
  })

  it('escalates to the large one where the chances of the tokens are low', async () => {
    const answer = await gateway.client.infer(textRequest('word '.repeat(25)))
    expect(answer.rungs.map(rung => [rung.model, rung.verdict])).toEqual([
      ['small-chat', 'VERDICT_ESCALATED'],
      ['large-chat', 'VERDICT_ACCEPTED'],
    ])
    expect(answer.costNanoUsd).toBe(answer.rungs.reduce((sum, rung) => sum + rung.costNanoUsd, 0))
  })

  it('shows pictures to the one that sees', async () => {
    const picture = { width: 40, height: 30, channels: 3, background: { r: 200, g: 20, b: 20 } } as const
    const bytes = await sharp({ create: picture }).png().toBuffer()
    const request = textRequest('', { content: [{ text: 'what is this' }, { image: { bytes } }] })
    expect((await gateway.client.infer(request)).output?.text).toBe('echo: what is this <image_url>')
    expect(large.requests.at(-1)).toMatchObject({
      model: 'large-served',
      messages: [
        { content: [{ type: 'text' }, { image_url: { url: `data:image/png;base64,${bytes.toString('base64')}` } }] },
      ],
    })
  })

  it('streams the text of the rung that answers', async () => {
    const events = await gateway.client.inferStream(textRequest('told word by word'))
    const told = events.flatMap(event => (event.event === 'textDelta' ? [event.textDelta?.text ?? ''] : []))
    expect(told.join('')).toBe('echo: told word by word')
    expect(events.at(-1)?.final?.output?.text).toBe('echo: told word by word')
  })

  it('lets go of the server when the caller leaves', async () => {
    const leaving = new AbortController()
    const before = small.leftAt.length
    const asked = small.requests.length
    const call = failureOf(
      gateway.client.inferStream(textRequest(`pause=100 ${'word '.repeat(200)}`), { signal: leaving.signal }),
    )
    await until(
      'the call at the server',
      async () => small.requests.length,
      count => count > asked,
    )
    const leftAt = Date.now()
    leaving.abort()
    await call
    await expect.poll(() => small.leftAt.length, { timeout: 5000 }).toBe(before + 1)
    expect((small.leftAt.at(-1) ?? Infinity) - leftAt).toBeLessThan(3000)
  })

  it('answers from the large one when the small one is gone', async () => {
    await small.close()
    const answer = await gateway.client.infer(textRequest('anybody there'))
    expect(answer.rungs.map(rung => [rung.model, rung.verdict])).toEqual([
      ['small-chat', 'VERDICT_FAILED'],
      ['large-chat', 'VERDICT_ACCEPTED'],
    ])
    expect(answer.rungs[0]?.costNanoUsd).toBe(0)
  })
})
