import { Tokenizer } from '@huggingface/tokenizers'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunControl } from '#services/backends/backend'
import type { Backend } from '#services/backends/backend'
import type { Outcome, Work } from '#services/backends/work'
import { createEmbeddingBackend } from '#services/backends/embedding/embedding'
import { readWordPieces } from '#services/decision/encoder/word-pieces'
import { packageRoot } from '#services/config/load-config'
import { createRequestId, legIdOf } from '#services/contract/ids'
import { missingPacks, packPath } from '../../support/model-packs.ts'

const missing = missingPacks(['minilm'])
const never = new AbortController().signal
const control: RunControl = { cancelled: () => false, signal: () => never, onDelta: async () => {} }
const dependencies = {
  packPath,
  executionProviders: ['cpu'],
  threads: 1,
  logger: pino({ level: 'silent' }),
  clock: { now: () => Date.now() },
}
let backend: Backend

function work(text: string, more: Partial<Work> = {}): Work {
  return {
    legId: legIdOf(createRequestId(Date.now()), 0),
    attempt: 1,
    model: 'minilm',
    recipe: {},
    task: 'embed',
    options: {},
    parts: [{ kind: 'text', text }],
    deadlineAt: Date.now() + 60_000,
    streaming: false,
    ...more,
  }
}

function vectorOf(outcome: Outcome | undefined): readonly number[] {
  if (outcome?.kind !== 'done' || outcome.result.output.kind !== 'embedding') throw new Error('there is no vector')
  return outcome.result.output.values
}

function cosine(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0)
}

describe.skipIf(missing !== undefined)(`createEmbeddingBackend() (${missing ?? 'on real weights'})`, () => {
  beforeAll(async () => {
    const spec = {
      kind: 'embedding',
      pack: 'minilm',
      space: 'all-MiniLM-L6-v2',
      heads: join(packageRoot(), 'deploy', 'heads', 'minilm'),
    } as const
    backend = await createEmbeddingBackend(spec, dependencies)
  }, 30_000)
  afterAll(() => backend.close())

  it('gives unit vectors in which likeness of meaning is likeness of direction', async () => {
    const texts = ['A man is eating food.', 'Someone eats a meal.', 'The stock market fell today.']
    const [a, b, c] = (
      await backend.run(
        texts.map(text => work(text)),
        control,
      )
    ).map(vectorOf)
    expect(a).toHaveLength(384)
    expect(cosine(a!, a!)).toBeCloseTo(1, 5)
    expect(cosine(a!, b!)).toBeGreaterThan(0.6)
    expect(cosine(a!, c!)).toBeLessThan(0.2)
  })

  it('gives the same vector in a batch as alone', async () => {
    const texts = ['short', 'a sentence of some more words than the first one', 'x '.repeat(120)]
    const together = (
      await backend.run(
        texts.map(text => work(text)),
        control,
      )
    ).map(vectorOf)
    for (const [index, text] of texts.entries()) {
      const [alone] = (await backend.run([work(text)], control)).map(vectorOf)
      expect(cosine(alone!, together[index]!)).toBeCloseTo(1, 6)
    }
  })

  it.skipIf(missingPacks(['gte-small']) !== undefined)(
    'gives the same vector in a batch as alone, of a model that computes rows together',
    async () => {
      const spec = { kind: 'embedding', pack: 'gte-small', space: 'gte-small', tokens: 512 } as const
      const large = await createEmbeddingBackend(spec, dependencies)
      const texts = [
        'short',
        'a sentence of some more words',
        'another one of about its length',
        'x '.repeat(120),
        'tiny',
      ]
      const together = (
        await large.run(
          texts.map(text => work(text)),
          control,
        )
      ).map(vectorOf)
      for (const [index, text] of texts.entries()) {
        const [alone] = (await large.run([work(text)], control)).map(vectorOf)
        for (const [at, value] of alone!.entries()) expect(together[index]![at]).toBeCloseTo(value, 4)
      }
      await large.close()
    },
    60_000,
  )

  it('shares the time of a batch so that the shares are whole and none is lost', async () => {
    const outcomes = await backend.run(
      ['a', 'b '.repeat(100)].map(text => work(text)),
      control,
    )
    const shares = outcomes.map(outcome => (outcome.kind === 'done' ? (outcome.result.usage.computeMs ?? -1) : -1))
    expect(shares.every(share => Number.isInteger(share) && share >= 0)).toBe(true)
    expect(shares[1]).toBeGreaterThanOrEqual(shares[0]!)
  })

  it('labels by trained heads, and by likeness to labels that it has never seen', async () => {
    const options = { labelSet: 'academic-subject' }
    const question = 'Which organelle of a plant cell holds chlorophyll and makes sugar from light?'
    const [trained, loose, unknown] = await backend.run(
      [
        work(question, { task: 'classify', options }),
        work('The football team won the championship match', {
          task: 'classify',
          options: { labels: ['sports', 'cooking', 'finance'] },
        }),
        work(question, { task: 'classify', options: { labelSet: 'colours' } }),
      ],
      control,
    )
    expect(trained).toMatchObject({
      result: {
        output: { kind: 'labels', labels: expect.arrayContaining([expect.objectContaining({ label: 'biology' })]) },
      },
    })
    expect(
      trained?.kind === 'done' && trained.result.output.kind === 'labels' && trained.result.output.labels[0]?.label,
    ).toBe('biology')
    expect(
      loose?.kind === 'done' && loose.result.output.kind === 'labels' && loose.result.output.labels[0]?.label,
    ).toBe('sports')
    expect(unknown).toMatchObject({
      kind: 'failed',
      reason: 'bad-input',
      message: expect.stringContaining('academic-subject'),
    })
  })

  it('reads of a long text no more than it needs, and the same', () => {
    const folder = packPath('minilm')
    const read = (name: string): object => JSON.parse(readFileSync(join(folder, name), 'utf8'))
    const whole = new Tokenizer(read('tokenizer.json'), read('tokenizer_config.json'))
    const toPieces = readWordPieces(folder, 64)
    const long = `Antidisestablishmentarianism, naïve café — 漢字 ${'and so on\n'.repeat(20)}`
    for (const text of [
      long,
      long.repeat(200),
      `${'x'.repeat(3000)} ${long}`,
      ' '.repeat(5000),
      `${' '.repeat(9000)}end`,
    ]) {
      const { ids } = whole.encode(text)
      const expected = ids.length <= 64 ? ids : [...ids.slice(0, 63), ids.at(-1)]
      expect(toPieces(text)).toEqual({ ids: expected, truncated: ids.length > 64 })
    }
    const startedAt = performance.now()
    toPieces('word '.repeat(40_000))
    const wholeAt = performance.now()
    whole.encode('word '.repeat(40_000))
    expect(wholeAt - startedAt).toBeLessThan((performance.now() - wholeAt) / 3)
  })

  it('is held up by no text, of whatever characters', () => {
    const toPieces = readWordPieces(packPath('minilm'), 256)
    for (const unit of ['\u0301\u0323', ' ', 'x', '字', '.', '#']) {
      const startedAt = performance.now()
      toPieces(unit.repeat(200_000 / unit.length))
      // Runs of marks took 28 s.
      expect(performance.now() - startedAt).toBeLessThan(5000)
    }
  })

  it('says when it read only the head of a text', async () => {
    const [long] = await backend.run([work('word '.repeat(1000))], control)
    expect(long).toMatchObject({ result: { signals: { truncated: 1, tokens: 256 } } })
  })
})
