import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Backend, RunControl } from '#services/backends/backend'
import { createContrastiveBackend, type ContrastiveSpec } from '#services/backends/contrastive/contrastive'
import type { LoadedPart, Outcome, Work } from '#services/backends/work'
import { createRequestId, legIdOf } from '#services/contract/ids'

const never = new AbortController().signal
const control: RunControl = { cancelled: () => false, signal: () => never, onDelta: async () => {} }
const dependencies = {
  packPath: (name: string) => name,
  executionProviders: ['cpu'],
  threads: 1,
  logger: pino({ level: 'silent' }),
  clock: { now: () => Date.now() },
}
const fixtures = join(import.meta.dirname, '../../fixtures/contrastive')

/** What PyTorch computes by the same weights. */
interface Expected {
  readonly side: number
  readonly texts: Readonly<Record<string, readonly number[]>>
  readonly picture: readonly number[]
}

function specOf(kind: 'clip' | 'siglip', more: Partial<ContrastiveSpec> = {}): ContrastiveSpec {
  const own = { folder: join(fixtures, kind), space: `small-${kind}`, prompts: ['{}'], imageMegapixels: 40 }
  return { kind: 'contrastive', ...own, ...more }
}

function work(task: Work['task'], part: LoadedPart, labels?: readonly string[]): Work {
  return {
    legId: legIdOf(createRequestId(Date.now()), 0),
    attempt: 1,
    model: 'small',
    recipe: {},
    task,
    options: labels === undefined ? {} : { labels },
    parts: [part],
    deadlineAt: Date.now() + 60_000,
    streaming: false,
  }
}

const text = (words: string): LoadedPart => ({ kind: 'text', text: words })

/** The picture that `export.py` shows its tower, in a larger file where `scale` is over 1. */
async function picture(side: number, scale = 1): Promise<LoadedPart> {
  const pixels = Uint8Array.from({ length: side * side * 3 }, (_, index) => (index * 7919) % 251)
  const drawn = sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
  const whole = scale === 1 ? drawn : drawn.resize(side * scale, side * scale, { kernel: 'nearest' })
  return { kind: 'image', bytes: await whole.png().toBuffer(), mediaType: 'image/png' }
}

function vectorOf(outcome: Outcome | undefined): readonly number[] {
  if (outcome?.kind !== 'done' || outcome.result.output.kind !== 'embedding') throw new Error('there is no vector')
  return outcome.result.output.values
}

const cosine = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0)

describe.each(['clip', 'siglip'] as const)('a %s model in the layout of the hub', kind => {
  const expected: Expected = JSON.parse(readFileSync(join(fixtures, kind, 'expected.json'), 'utf8'))
  let backend: Backend
  beforeAll(async () => {
    backend = await createContrastiveBackend(specOf(kind), dependencies)
  })
  afterAll(() => backend?.close())
  const embed = async (...parts: readonly LoadedPart[]): Promise<readonly (readonly number[])[]> =>
    (
      await backend.run(
        parts.map(part => work('embed', part)),
        control,
      )
    ).map(vectorOf)

  it('gives the vectors that PyTorch gives, of pictures and texts together and alone', async () => {
    const names = Object.keys(expected.texts)
    const shown = await picture(expected.side)
    const [seen = [], ...read] = await embed(shown, ...names.map(text))
    expect(cosine(seen, expected.picture)).toBeCloseTo(1, 4)
    for (const [index, name] of names.entries()) expect(cosine(read[index]!, expected.texts[name]!)).toBeCloseTo(1, 5)
    const [alone = []] = await embed(text(names[1]!))
    expect(cosine(alone, read[1]!)).toBeCloseTo(1, 5)
  })

  it('scales a larger picture to what the model sees', async () => {
    const [seen = []] = await embed(await picture(expected.side, 4))
    expect(cosine(seen, expected.picture)).toBeGreaterThan(0.98)
  })

  it('puts a picture into labels by their cosines, times the scale of the model', async () => {
    const names = Object.keys(expected.texts)
    const [outcome] = await backend.run([work('classify', await picture(expected.side), names)], control)
    if (outcome?.kind !== 'done' || outcome.result.output.kind !== 'labels') throw new Error('there are no labels')
    const { output, rawConfidence, signals, usage } = outcome.result
    const cosines = names.map(name => cosine(expected.picture, expected.texts[name]!))
    const [first = 0, second = 0] = cosines
    const share = 1 / (1 + Math.exp(30 * (second - first)))
    const scores = Object.fromEntries(output.labels.map(({ label, score }) => [label, score]))
    expect(scores[names[0]!]).toBeCloseTo(share, 3)
    expect(output.labels.map(({ score }) => score)).toEqual(
      output.labels.map(({ score }) => score).toSorted((a, b) => b - a),
    )
    expect(rawConfidence).toBe(output.labels[0]?.score)
    expect(signals['cosine']).toBeCloseTo(Math.max(...cosines), 4)
    // Of a model without a bias nothing tells whether any label fits.
    const match = kind === 'siglip' ? 1 / (1 + Math.exp(8 - 30 * Math.max(...cosines))) : -1
    expect(signals['match'] ?? -1).toBeCloseTo(match, 3)
    expect(usage).toMatchObject({ images: 1 })
  })

  it('averages the vectors of its prompts', async () => {
    const names = Object.keys(expected.texts)
    const prompts = ['{}', '{}']
    const other = await createContrastiveBackend(specOf(kind, { prompts }), dependencies)
    const legs = [work('classify', await picture(expected.side), names)]
    const [twice] = await other.run(legs, control)
    const [once] = await backend.run(legs, control)
    await other.close()
    const scoreOf = (outcome: Outcome | undefined): number =>
      outcome?.kind === 'done' ? outcome.result.rawConfidence : Number.NaN
    expect(scoreOf(twice)).toBeCloseTo(scoreOf(once), 4)
  })

  it('refuses what it cannot take, each leg for itself', async () => {
    const broken: LoadedPart = { kind: 'image', bytes: new Uint8Array([1, 2, 3]), mediaType: 'image/png' }
    const outcomes = await backend.run(
      [
        work('embed', broken),
        work('classify', text('a star'), ['a', 'b']),
        work('classify', await picture(expected.side)),
        work('embed', text('a star')),
      ],
      control,
    )
    const ends = outcomes.map(outcome => (outcome.kind === 'failed' ? outcome.reason : 'done'))
    expect(ends).toEqual(['bad-input', 'bad-input', 'bad-input', 'done'])
  })
})

describe('a folder that is no contrastive model', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-clip-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const change = (file: string, more: object): void => {
    cpSync(join(fixtures, 'clip'), folder, { recursive: true })
    const path = join(folder, file)
    writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), ...more }))
  }
  const load = (more: Partial<ContrastiveSpec> = {}): Promise<Backend> =>
    createContrastiveBackend(specOf('clip', { folder, ...more }), dependencies)

  it.each([
    ['config.json', { model_type: 'bert' }, /config\.json: model_type: clip or siglip/u],
    ['preprocessor_config.json', { size: 'large' }, /preprocessor_config\.json: size: /u],
  ])('names the file and the field (%s)', async (file, more, expected) => {
    change(file, more)
    await expect(load()).rejects.toThrow(expected)
  })

  it('names weights that are not there', async () => {
    change('config.json', {})
    await expect(load({ variant: 'fp16' })).rejects.toThrow('has no onnx/text_model_fp16.onnx')
  })
})
