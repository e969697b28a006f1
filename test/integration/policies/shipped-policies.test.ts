import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '#services/config/load-config'
import { openEncoder } from '#services/decision/encoder/open-encoder'
import type { TextEncoder } from '#services/decision/encoder/text-encoder'
import { createCalibratedPolicy, loadPolicy, openPolicyFolder } from '#services/decision/policy/load-policy'
import type { Policy } from '#services/decision/policy/policy'
import { missingPacks, packPath } from '../../support/model-packs.ts'

const { config } = loadConfig(join(import.meta.dirname, '..', '..', '..', 'deploy', 'config', 'sluice.yaml'))
const guided = Object.entries(config.ladders).filter(([, { policy }]) => policy !== undefined)

describe('the policies that are shipped', () => {
  it.each(guided)('of %s knows every rung, and what its inputs look like', async (_ladder, { policy, rungs }) => {
    const { file } = await openPolicyFolder(policy!)
    expect(file.models).toEqual(rungs.map(rung => (typeof rung === 'string' ? rung : rung.model)))
    expect(Object.keys(file.reference.features).length).toBeGreaterThan(5)
    expect(file.domain?.rows).toBeGreaterThanOrEqual(100)
    expect(file.data.rows).toBeGreaterThanOrEqual(100)
  })
})

it('the weight of money in the policy of generate is that of the chosen point', async () => {
  const folder = await openPolicyFolder(config.ladders['generate']!.policy!)
  const { path, chosen } = folder.file.decision
  const { encoder: _none, domain: _unread, ...file } = folder.file
  const policy = await createCalibratedPolicy({ ...folder, file }, {})
  expect(policy.costWeight).toBe(path[chosen]!.costWeight)
  const shares = await createCalibratedPolicy({ ...folder, file: { ...file, costsKnown: false } }, {})
  expect(shares).not.toHaveProperty('costWeight')
})

const missing = missingPacks(['minilm'])

describe.skipIf(missing !== undefined)(`the domain of academic-subject (${missing ?? 'on real weights'})`, () => {
  let encoder: TextEncoder
  let policy: Policy
  beforeAll(async () => {
    encoder = await openEncoder(packPath('minilm'))
    const openOnce = () => Promise.resolve(encoder)
    policy = await loadPolicy(config.ladders['classify']!.policy!, { openEncoder: openOnce, estimateMs: 30_000 })
  })
  afterAll(() => encoder.close())

  const sure = {
    model: 'minilm',
    answer: 'math',
    rawConfidence: 0.99,
    signals: { top1: 0.99, margin: 0.98, entropy: 0.02 },
  }

  it.each([
    ['the weather', 'What will the weather be like in Berlin tomorrow?'],
    ['the weather, in German', 'Wie wird morgen das Wetter in Berlin?'],
    ['the weather, in Chinese', '明天北京的天气怎么样？'],
    ['small talk', 'hey, how was your weekend? we went to the beach'],
    ['a complaint', 'My parcel never came and nobody answers the phone. I want my money back.'],
    ['code', 'for (let i = 0; i < rows.length; i++) { console.log(rows[i].name) }'],
    ['gibberish', 'qwpo zxmn vbtr lkjh pwoeiru xnzm'],
    ['a short question of the weather', 'What is the weather?'],
    ['a short question of the temperature', 'What is the temperature outside right now?'],
    ['a short question of a price', 'What is the price of this lamp?'],
    ['a short question of the time, in Dutch', 'Hoe laat is het?'],
    ['a short statement', 'Two beers and a glass of water, please.'],
    ['a short statement, in French', 'Mon vélo a disparu.'],
  ])('does not hold %s, however sure a model is', async (_what, text) => {
    const estimate = await policy.estimate([{ kind: 'text', text }])
    expect(estimate.domain).toMatchObject({ outOfDomain: true })
    expect(policy.confidences([sure], estimate)[0]).toBeLessThan(0.2)
  })

  it.each([
    'Which part of a plant cell holds the chlorophyll that captures light?',
    'How many moles of sodium hydroxide neutralise 25 mL of 0.2 M sulfuric acid?',
    'A pendulum is taken to the Moon. How does its period of swing change?',
    'What is the derivative of x squared with respect to x?',
    'Why does the price of a good rise when its supply falls?',
    'What is the time complexity of binary search in a sorted array?',
  ])('holds a short question: %s', async text => {
    const estimate = await policy.estimate([{ kind: 'text', text }])
    expect(estimate.domain).toMatchObject({ outOfDomain: false })
    // Near the limit some of it counts no more.
    expect(policy.confidences([sure], estimate)[0]).toBeGreaterThan(0.6)
  })

  it('holds no labels of a caller that it was not fitted on', async () => {
    const text = 'I was charged twice for the same order, please send one payment back.'
    const estimate = await policy.estimate([{ kind: 'text', text }], ['refund', 'delivery', 'account access', 'praise'])
    expect(estimate.domain).toMatchObject({ outOfDomain: true, otherLabels: true, floor: 0.25 })
  })
})
