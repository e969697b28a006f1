import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRequestId, legIdOf } from '#services/contract/ids'
import type { Backend, RunControl } from '#services/worker/backends/backend'
import { importNodeLlama } from '#services/worker/backends/llama/node-llama'
import type { Work } from '#services/worker/states'
import { createLlamaBackend } from '#services/worker/backends/llama/llama'
import { missingPacks, packPath } from '../support/model-packs.ts'

const installed = await importNodeLlama().then(
  () => true,
  () => false,
)
const missing = installed ? missingPacks(['tinyllama']) : 'node-llama-cpp is an add-on and is not installed'
const never = new AbortController().signal
const quiet: RunControl = { cancelled: () => false, signal: () => never, onDelta: async () => {} }

function work(text: string, more: Partial<Work> = {}): Work {
  return {
    legId: legIdOf(createRequestId(Date.now()), 0),
    attempt: 1,
    model: 'tinyllama',
    recipe: {},
    task: 'generate',
    options: { maxOutputTokens: 24 },
    parts: [{ kind: 'text', text }],
    deadlineAt: Date.now() + 60_000,
    streaming: true,
    ...more,
  }
}

describe.skipIf(installed)('importNodeLlama()', () => {
  it('says by which line the add-on is installed', async () => {
    await expect(importNodeLlama()).rejects.toMatchObject({
      code: 'Config',
      message: expect.stringMatching(/npm install --no-save node-llama-cpp@\d+\.\d+\.\d+/u),
    })
  })
})

describe.skipIf(missing !== undefined)(`createLlamaBackend() (${missing ?? 'on real weights'})`, () => {
  let backend: Backend
  beforeAll(async () => {
    backend = await createLlamaBackend(
      { kind: 'llama', pack: 'tinyllama', contextTokens: 256 },
      {
        packPath,
        executionProviders: ['cpu'],
        threads: 2,
        logger: pino({ level: 'silent' }),
        clock: { now: () => Date.now() },
      },
    )
  })
  afterAll(() => backend.close())

  it('streams the text that it gives in the end, with signs of its trust', async () => {
    const pieces: string[] = []
    const onDelta = async (_legId: unknown, text: string): Promise<void> => void pieces.push(text)
    const [outcome] = await backend.run([work('What is the capital of France?')], { ...quiet, onDelta })
    if (outcome?.kind !== 'done' || outcome.result.output.kind !== 'text') throw new Error('there is no text')
    expect(outcome.result.output.text).toContain('Paris')
    expect(pieces.join('')).toBe(outcome.result.output.text)
    expect(outcome.result.signals['has_logprobs']).toBe(1)
    expect(outcome.result.rawConfidence).toBeGreaterThan(0)
    expect(outcome.result.rawConfidence).toBeLessThan(1)
  })

  it('stops at the next token when nobody waits', async () => {
    let pieces = 0
    const control: RunControl = {
      ...quiet,
      cancelled: () => pieces >= 3,
      onDelta: async () => {
        pieces += 1
      },
    }
    const [outcome] = await backend.run([work('Tell me a long story.')], control)
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'cancelled', usage: { outputTokens: 3 } })
  })

  it('tells content that is too long from content that fails, and computes neither it nor what is too late', async () => {
    const [long, late] = await backend.run([work('word '.repeat(1000)), work('hello', { deadlineAt: 0 })], quiet)
    expect(long).toMatchObject({ kind: 'failed', reason: 'context-overflow', usage: {} })
    expect(late).toMatchObject({ kind: 'failed', reason: 'expired', usage: {} })
  })
})
