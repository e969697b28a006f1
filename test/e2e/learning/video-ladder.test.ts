import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestGateway, until, type TestConfig, type TestGateway } from '../../support/gateway.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'

const withoutFfmpeg = spawnSync('ffmpeg', ['-version']).error !== undefined

let redis: PrivateRedis
let gateway: TestGateway

/** Echoes, which say what they were given: an ear, an eye, and rungs that take different views of a video. */
function videoConfig(): TestConfig {
  const echo = (tasks: readonly string[], modalities: readonly string[], confidence: number): object => ({
    pool: 'all',
    tasks,
    modalities,
    backend: { kind: 'echo', confidence, obeys: true },
    price: { perRequest: 1000 },
  })
  return {
    version: 1,
    log: { level: 'warn' },
    auth: { anonymous: true, anonymousScopes: ['infer'] },
    pools: { all: { tier: 'small', concurrency: 8 } },
    models: {
      ear: echo(['transcribe'], ['audio'], 0.6),
      eye: echo(['ocr'], ['image'], 0.7),
      chat: echo(['generate'], ['text'], 0.9),
      whole: echo(['generate'], ['text', 'image', 'video'], 0.99),
    },
    ladders: {
      generate: { task: 'generate', modalities: ['text'], rungs: ['chat'] },
      watch: {
        task: 'generate',
        modalities: ['text', 'video'],
        uncalibrated: { confidenceThreshold: 0.8 },
        rungs: [
          { model: 'chat', recipe: 'transcript', readers: { audio: 'ear' } },
          { model: 'chat', recipe: 'both', readers: { audio: 'ear', image: 'eye' } },
          'whole',
        ],
      },
    },
  }
}

beforeAll(async () => {
  redis = await startPrivateRedis()
  gateway = await createTestGateway(videoConfig(), redis.url)
  await Promise.all([gateway.startRouter(), gateway.startWorker('all')])
  await until(
    'the worker',
    () => gateway.client.listModels(),
    ({ models }) => models.every(model => (model.state?.workers ?? 0) > 0),
  )
})

afterAll(async () => {
  await gateway?.stop()
  await redis?.stop()
})

describe.skipIf(withoutFfmpeg)('a ladder of rungs that take different views of a video', () => {
  const ask = async (name: string, text: string, constraints: object = {}) => {
    const bytes = await readFile(new URL(`../../fixtures/video/${name}`, import.meta.url))
    const content = [{ video: { bytes } }, { text }]
    return gateway.client.infer({ task: 'TASK_GENERATE', content, constraints })
  }

  it('asks the one that hears first, and gives the words before the question', async () => {
    const { output, rungs, costNanoUsd } = await ask('cards.webm', 'What is said?')
    expect(rungs.map(rung => rung.model)).toEqual(['chat@transcript'])
    expect(output?.text).toMatch(/^Transcript of the sound:\naudio of \d+ bytes\nWhat is said\?$/u)
    // The one that answers and the one that transcribed, each at its own price.
    expect(costNanoUsd).toBe(2000)
  })

  it('goes on to those that see more, and sends the last one the video as it came', async () => {
    const { output, rungs } = await ask('cards.webm', 'confidence=0.3 What is seen?')
    expect(rungs.map(rung => rung.model)).toEqual(['chat@transcript', 'chat@both', 'whole'])
    const { byteLength } = await readFile(new URL('../../fixtures/video/cards.webm', import.meta.url))
    expect(output?.text).toContain(`video of ${byteLength} bytes`)
    expect(output?.text).not.toContain('image of')
  })

  it('reads each frame for the one that sees and hears', async () => {
    const { output, rungs } = await ask('cards.webm', 'What is it?', { model: 'chat@both' })
    expect(rungs.map(rung => rung.model)).toEqual(['chat@both'])
    expect(output?.text).toMatch(
      /^Text seen in picture 1:\nimage of[\s\S]*Transcript of the sound:[\s\S]*What is it\?$/u,
    )
  })

  it('leaves out the one that only hears where the video is mute', async () => {
    const { rungs } = await ask('live.webm', 'What moves?')
    expect(rungs.filter(rung => rung.verdict !== 'VERDICT_SKIPPED').map(rung => rung.model)).toEqual(['chat@both'])
  })
})

it('trusts an answer about a document no more than the share of its pages that were read', async () => {
  const bytes = await readFile(new URL('../../fixtures/documents/invoice.pdf', import.meta.url))
  const content = [{ document: { bytes } }, { text: 'What is due?' }]
  const { output, rungs } = await gateway.client.infer({ task: 'TASK_GENERATE', content })
  expect(output?.text).toContain('Total due 98.50')
  expect(rungs.map(({ model, reason }) => [model, reason])).toEqual([
    ['chat', expect.stringContaining('2 of 3 pages of the document were read')],
  ])
  expect(rungs[0]?.confidence).toBeCloseTo(2 / 3)
})
