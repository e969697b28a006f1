import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCalibrate } from '#services/calibrate/calibrate'
import { everydayTexts } from '#services/calibrate/fit/domain/everyday-texts'
import { fitDomain } from '#services/calibrate/fit/domain/fit-domain'
import { withFeatures } from '#services/calibrate/fit/kernel/fit-estimator'
import type { OutcomeRow } from '#services/calibrate/states'
import { createRowReplay } from '#services/calibrate/replay-row'
import { decideByRisk } from '#services/decision/decide/decide-by-risk'
import { checkDomain, trustedBy } from '#services/decision/domain/check-domain'
import { readDomain } from '#services/decision/domain/domain-file'
import { unlikenessOf, type Domain } from '#services/decision/domain/domain'
import { hashGrams } from '#services/decision/features/hash-grams'
import { loadPolicy, openPolicyFolder } from '#services/decision/policy/load-policy'
import type { DomainCheck, PartDescription } from '#services/decision/policy/policy'
import { writeTable } from '../../support/policies/outcome-table.ts'

let state = 5
const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
const oneOf = (list: string): string => list.split(' ')[Math.floor(random() * list.split(' ').length)]!

const inside = (): string =>
  `Which ${oneOf('enzyme force reaction market theorem voltage')} ${oneOf('limits drives explains follows')} the ${oneOf('growth motion yield price proof current')} of a ${oneOf('cell body mixture firm series circuit')}?`
const outside: Readonly<Record<string, () => string>> = {
  german: () => `Wann fährt der ${oneOf('nächste letzte frühe')} Zug nach ${oneOf('München Köln Zürich')} heute ab?`,
  chinese: () => `明天${oneOf('北京 上海 广州')}的天气怎么样？我要带雨伞吗？`,
  code: () =>
    `for (let ${oneOf('i j k')} = 0; i < ${Math.floor(random() * 90)}; i++) { total[i] += x * ${oneOf('a b c')}; }`,
  gibberish: () => Array.from({ length: 9 }, () => Math.floor(random() * 1e8).toString(36)).join(' '),
}

const rowOf = (index: number, parts: readonly PartDescription[]): OutcomeRow => ({
  id: `row-${index}`,
  dataset: 'made',
  parts,
  outcomes: Object.fromEntries(
    ['small', 'large'].map(model => [model, { score: 1, confidence: 0.9, answer: 'ABCD'[index % 4]! }]),
  ),
})
const textRow = (index: number): OutcomeRow => rowOf(index, [{ kind: 'text', text: inside() }])
const models = ['small', 'large']

async function domainOf(rows: readonly OutcomeRow[]): Promise<Domain> {
  const fitted = await fitDomain(withFeatures(rows), { models, seed: 1 })
  return readDomain(fitted!.file, fitted!.bytes)!
}

function unlikenessOfRow(domain: Domain, row: OutcomeRow): number {
  const { features } = withFeatures([row])[0]!
  const [part] = row.parts
  return unlikenessOf(domain, { features, ...(part?.kind === 'text' ? { grams: hashGrams(part.text) } : {}) })
}

describe('a domain of texts', () => {
  let domain: Domain
  let held: readonly number[]
  beforeAll(async () => {
    domain = await domainOf(Array.from({ length: 400 }, (_, index) => textRow(index)))
    held = Array.from({ length: 200 }, (_, index) => unlikenessOfRow(domain, textRow(1000 + index)))
  })

  it('holds new texts of the same kind', () => {
    expect(held.filter(one => one > 1).length).toBeLessThanOrEqual(8)
  })

  it.each(Object.keys(outside))('does not hold %s, and tells it without an encoder', kind => {
    const others = Array.from({ length: 50 }, () =>
      unlikenessOfRow(domain, rowOf(0, [{ kind: 'text', text: outside[kind]!() }])),
    )
    const pairs = others.flatMap(other => held.map(one => Number(other > one)))
    expect(pairs.reduce((sum, one) => sum + one, 0) / pairs.length).toBeGreaterThan(0.95)
    expect(others.filter(one => one > 1).length).toBeGreaterThan(45)
  })

  it('knows what a guess scores, and the labels of the fit', () => {
    expect(domain.file.chance).toBeCloseTo(0.25, 1)
    expect(domain.file.labels).toEqual(['a', 'b', 'c', 'd'])
  })

  it('is the same to the bit each time', async () => {
    state = 5
    const rows = Array.from({ length: 150 }, (_, index) => textRow(index))
    const [one, two] = await Promise.all([1, 2].map(() => fitDomain(withFeatures(rows), { models, seed: 7 })))
    expect(one!.bytes.equals(two!.bytes)).toBe(true)
    expect(one!.file).toEqual(two!.file)
  })

  it('looks at meaning where vectors are given, and goes on without when one is missing', async () => {
    // Two directions of meaning, of which the fit has one.
    const vector = (side: number): Float32Array => {
      const values = Float32Array.from({ length: 8 }, (_, at) => (at === side ? 1 : 0.1 * (random() - 0.5)))
      const length = Math.hypot(...values)
      return values.map(value => value / length)
    }
    const rows = withFeatures(Array.from({ length: 200 }, (_, index) => textRow(index)))
    const meaningOf = () => Promise.resolve(vector(0))
    const { file, bytes } = (await fitDomain(rows, { models, seed: 1, meaningOf }))!
    const meant = readDomain(file, bytes)!
    const { features } = rows[0]!
    const grams = hashGrams((rows[0]!.row.parts[0] as { text: string }).text)
    const like = unlikenessOf(meant, { features, grams, embedding: vector(0) })
    const unlike = unlikenessOf(meant, { features, grams, embedding: vector(3) })
    expect(like).toBeLessThan(1)
    expect(unlike).toBeGreaterThan(1)
    expect(unlikenessOf(meant, { features, grams })).toBeLessThan(1)
  })
})

describe('a domain beside everyday talk', () => {
  // Rows mean one thing; everyday texts another; a short question a little of both.
  const towards = (...weights: readonly number[]): Float32Array => {
    const values = Float32Array.from({ length: 8 }, (_, at) => (weights[at] ?? 0) + 0.1 * (random() - 0.5))
    const length = Math.hypot(...values)
    return values.map(value => value / length)
  }

  it('leans away from what is nearer to such talk than rows are, and to nothing where rows are such talk', async () => {
    const rows = withFeatures(Array.from({ length: 200 }, (_, index) => textRow(index)))
    const grams = hashGrams((rows[0]!.row.parts[0] as { text: string }).text)
    const { features } = rows[0]!
    const texts = new Set(everydayTexts)
    const unlikenessIn = async (talk: Float32Array, embedding: Float32Array): Promise<number> => {
      const meaningOf = (text: string) => Promise.resolve(texts.has(text) ? talk : towards(1, 0.5 * random()))
      const { file, bytes } = (await fitDomain(rows, { models, seed: 1, meaningOf }))!
      return unlikenessOf(readDomain(file, bytes)!, { features, grams, embedding })
    }
    const between = towards(1, 0.6)
    const apart = await unlikenessIn(towards(0, 0, 0, 1), between)
    expect(await unlikenessIn(towards(1, 1.2), between)).toBeGreaterThan(apart + 0.2)
    expect(await unlikenessIn(towards(1, 0.25), towards(1, 0.25))).toBeLessThan(1)
  })
})

describe('a domain of media', () => {
  const picture = (index: number, lightness: number, side: number): OutcomeRow =>
    rowOf(index, [
      {
        kind: 'image',
        features: {
          brightness: lightness + 0.1 * random(),
          log_shorter_side: side + 0.3 * random(),
          contrast: random(),
        },
      },
    ])
  it.each([
    ['darker', 0.2, 5],
    ['larger', 0.8, 8],
    ['of another size and light', 0.5, 2],
  ])('tells a picture that is %s by its features', async (_what, lightness, side) => {
    const domain = await domainOf(Array.from({ length: 300 }, (_, index) => picture(index, 0.8, 5)))
    const like = Array.from({ length: 100 }, (_, index) => unlikenessOfRow(domain, picture(index, 0.8, 5)))
    expect(like.filter(one => one > 1).length).toBeLessThanOrEqual(5)
    expect(unlikenessOfRow(domain, picture(0, lightness, side))).toBeGreaterThan(1)
  })

  it.each([
    ['few rows', Array.from({ length: 60 }, (_, index) => picture(index, 0.8, 5))],
    ['rows without content', Array.from({ length: 300 }, (_, index) => rowOf(index, []))],
  ])('is not made of %s', async (_what, rows) => {
    expect(await fitDomain(withFeatures(rows), { models, seed: 1 })).toBeUndefined()
  })
})

describe('P(correct) outside the domain', () => {
  const check = (kept: number, floor: number): DomainCheck => ({
    unlikeness: 2,
    limit: 1,
    outOfDomain: true,
    kept,
    floor,
  })
  const ratio = fc.double({ min: 0, max: 1, noNaN: true })

  it('is never more than before, falls with what is kept, and keeps the order of answers', () => {
    fc.assert(
      fc.property(ratio, ratio, ratio, ratio, (kept, floor, one, other) => {
        const trusted = trustedBy(check(kept, floor), one)
        expect(trusted).toBeLessThanOrEqual(one)
        expect(trusted).toBeGreaterThanOrEqual(Math.min(one, floor) - 1e-12)
        expect(trustedBy(check(kept / 2, floor), one)).toBeLessThanOrEqual(trusted + 1e-12)
        const [least, most] = [one, other].toSorted((a, b) => a - b).map(p => trustedBy(check(kept, floor), p))
        expect(least).toBeLessThanOrEqual(most! + 1e-12)
      }),
    )
    expect(trustedBy(undefined, 0.7)).toBe(0.7)
  })

  it('falls to a guess among the labels of a caller that are not those of the fit', async () => {
    const domain = await domainOf(Array.from({ length: 200 }, (_, index) => textRow(index)))
    const features = withFeatures([textRow(1)])[0]!.features
    const asked = (labels?: readonly string[]): DomainCheck => checkDomain(domain, { features }, labels)
    expect(asked(['refund', 'delivery', 'praise', 'other'])).toMatchObject({ outOfDomain: true, kept: 0, floor: 0.25 })
    expect(asked(['A', 'b.', 'C']).otherLabels).toBeUndefined()
    expect(asked().otherLabels).toBeUndefined()
  })

  it('lets no risk limit hold: everything goes to the most expensive', () => {
    const point = { models: ['small', 'large'], predictedLoss: 0.9, losses: 0, riskBound: 0.01, selectiveRisk: 0 }
    const view = {
      called: [{ model: 'small', confidence: 0.9, costNanoUsd: 1 }],
      candidates: [{ model: 'large', costNanoUsd: 2 }],
      mostExpensive: 'large',
      predictedLoss: 0.1,
      maxRisk: 0.05,
    }
    const at = { ...point, meanCostUsd: 1, escalationRatio: 0 }
    expect(decideByRisk(at, view)).toMatchObject({ kind: 'stop', model: 'small' })
    expect(decideByRisk(at, { ...view, outOfDomain: true })).toMatchObject({ kind: 'call', model: 'large' })
  })
})

describe('a policy with a domain', () => {
  let home: string
  let folder: string
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'domain-'))
    folder = join(home, 'fitted')
    await runCalibrate({ outcomes: [writeTable(home, 300)], out: folder, seed: 3 })
  })
  afterAll(() => rmSync(home, { recursive: true }))

  const inWords = [{ kind: 'text', text: 'river prove integral colour capital seven matrix bird river seven' }] as const
  const inCode = [{ kind: 'text', text: 'for(i=0;i<9;i++){x[i]=y[i]*2;} // 明天的天气怎么样' }] as const
  const answers = [{ model: 'small', answer: 'A', rawConfidence: 0.95, outputChars: 1 }]

  it('trusts an answer to a text unlike its rows less, says so in the reason, and escalates', async () => {
    const policy = await loadPolicy(folder, { estimateMs: 10_000 })
    const [like, unlike] = [await policy.estimate(inWords), await policy.estimate(inCode)]
    expect(like.domain).toMatchObject({ outOfDomain: false, limit: 1 })
    expect(unlike.domain).toMatchObject({ outOfDomain: true })
    const trusted = [like, unlike].map(one => policy.confidences(answers, one)[0]!)
    expect(trusted[1]).toBeLessThan(0.3)
    expect(trusted[1]).toBeLessThan(trusted[0]! - 0.2)
    const called = answers.map(one => ({ ...one, confidence: trusted[1]!, costNanoUsd: 1 }))
    const step = policy.next(unlike, called, [{ model: 'large', costNanoUsd: 9 }], { minQuality: 0.5 })
    expect(step).toMatchObject({ kind: 'call', model: 'large' })
    expect(step.reason).toMatch(/^out of domain \(unlikeness \d+\.\d\d > 1\.00\); P\(correct\)/u)
  })

  it('judges rows as it judges in the gateway', async () => {
    const policy = await loadPolicy(folder, { estimateMs: 10_000 })
    const { file } = await openPolicyFolder(folder)
    for (const parts of [inWords, inCode]) {
      const estimate = await policy.estimate(parts)
      const { rawConfidence: confidence, answer, outputChars } = answers[0]!
      const row = { ...rowOf(1, parts), outcomes: { small: { confidence, answer, outputChars } } }
      expect(createRowReplay(row, estimate, file).confidence(['small'])).toBe(policy.confidences(answers, estimate)[0])
    }
  })

  it('is told by features and words alone where a gateway has not the encoder of its domain', async () => {
    const vector = (text: string): Float32Array => {
      const values = Float32Array.from({ length: 8 }, (_, at) => 1 + (text.charCodeAt(at) % 7))
      return values.map(value => value / Math.hypot(...values))
    }
    const encoder = {
      identity: { pack: 'made-up', sha256: 'a'.repeat(64), tokens: 64, dimensions: 8 },
      encode: (text: string) => Promise.resolve(vector(text)),
      close: () => Promise.resolve(),
    }
    const out = join(home, 'meant')
    const table = writeTable(home, 300)
    await runCalibrate({ outcomes: [table], out, seed: 3, openDomainEncoder: () => Promise.resolve(encoder) })
    const { file } = await openPolicyFolder(out)
    expect(file.encoder).toEqual(encoder.identity)
    expect(file.estimator.embedding).toBe(false)
    expect(file.domain?.meaning?.dimensions).toBe(8)
    await expect(loadPolicy(out, {})).rejects.toMatchObject({ code: 'Config' })
    const missing: unknown[] = []
    const policy = await loadPolicy(out, { encoderMissing: error => missing.push(error), estimateMs: 10_000 })
    expect(missing).toHaveLength(1)
    const whole = await loadPolicy(out, { openEncoder: () => Promise.resolve(encoder), estimateMs: 10_000 })
    const slow = { ...encoder, encode: () => new Promise<Float32Array>(() => undefined) }
    const late = await loadPolicy(out, { openEncoder: () => Promise.resolve(slow), estimateMs: 50 })
    const [plain, meant, tooLate] = await Promise.all([policy, whole, late].map(async one => one.estimate(inCode)))
    expect(plain!.domain?.outOfDomain).toBe(true)
    expect(meant!.domain?.unlikeness).not.toBe(plain!.domain?.unlikeness)
    expect(tooLate!.domain).toEqual(plain!.domain)
    expect(tooLate!.fallback).toBeUndefined()
  })

  it('predicts as if there were none: what a call costs in quality is not what an answer is worth', async () => {
    const policy = await loadPolicy(folder, { estimateMs: 10_000 })
    const { domain: _checked, ...predicted } = await policy.estimate(inCode)
    const before = JSON.parse(readFileSync(join(folder, 'policy.json'), 'utf8')) as Record<string, unknown>
    writeFileSync(join(folder, 'policy.json'), JSON.stringify({ ...before, domain: undefined }))
    const without = await loadPolicy(folder, { estimateMs: 10_000 })
    expect(await without.estimate(inCode)).toEqual(predicted)
    writeFileSync(
      join(folder, 'policy.json'),
      JSON.stringify({ ...before, domain: { ...(before['domain'] as object), rows: 0 } }),
    )
    await expect(loadPolicy(folder, {})).rejects.toMatchObject({ code: 'Config' })
    const { words: _words, ...rest } = before['domain'] as Record<string, unknown>
    writeFileSync(join(folder, 'policy.json'), JSON.stringify({ ...before, domain: rest }))
    await expect(loadPolicy(folder, {})).rejects.toMatchObject({
      code: 'Config',
      message: expect.stringContaining('domain.f32 is not of the size'),
    })
  })
})
