import { describe, expect, it } from 'vitest'
import { fitDomain } from '#services/calibrate/fit/domain/fit-domain'
import { withFeatures } from '#services/calibrate/fit/kernel/fit-estimator'
import { partsOf } from '#services/calibrate/load/outcome-row'
import type { OutcomeRow } from '#services/calibrate/states'
import { calibrateAnswers } from '#services/decision/calibrators/calibrate-answers'
import { checkDomain } from '#services/decision/domain/check-domain'
import { readDomain } from '#services/decision/domain/domain-file'
import type { Domain } from '#services/decision/domain/domain'
import { floorOf } from '#services/decision/domain/outside'
import type { PartDescription } from '#services/decision/policy/policy'

let state = 11
const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647

/** Pictures of eight sizes and grounds. A reading is as often right as it says, unless `rightOf` says otherwise. */
function pictureRow(
  index: number,
  more: { readonly rightOf?: (group: number, confidence: number) => number; readonly text?: string } = {},
): OutcomeRow {
  const group = index % 8
  const confidence = random() < 0.7 ? 0.98 : 0.2 + 0.6 * random()
  const { rightOf = (_group: number, chance: number) => chance } = more
  const features = { log_megapixels: group + 0.1 * random(), brightness: (group % 3) / 3 + 0.05 * random() }
  const one = { confidence, answer: `what stands in picture ${index}`, outputChars: 24 }
  const parts: readonly PartDescription[] = [
    { kind: 'image', features },
    ...(more.text === undefined ? [] : [{ kind: 'text', text: more.text } as const]),
  ]
  const score = Number(random() < rightOf(group, confidence))
  return { id: `r${index}`, dataset: 'made', parts, outcomes: { small: { ...one, score }, large: { ...one, score } } }
}

async function domainOf(more?: Parameters<typeof pictureRow>[1]): Promise<Domain> {
  state = 11
  const rows = Array.from({ length: 400 }, (_, index) => pictureRow(index, more))
  const { file, bytes } = (await fitDomain(withFeatures(rows), { models: ['small', 'large'], seed: 1 }))!
  return readDomain(file, bytes)!
}

const far = { 'image.log_megapixels': 30, 'image.brightness': 9, 'image.count': 1 }
const answer = (rawConfidence?: number) => ({
  model: 'small',
  answer: 'Gate 42',
  ...(rawConfidence === undefined ? {} : { rawConfidence }),
})

describe('an answer to a medium unlike all rows', () => {
  it('is trusted as far as its own confidence held for groups of rows that were left out', async () => {
    const check = checkDomain(await domainOf(), { features: far })
    expect(check.outOfDomain).toBe(true)
    const [sure, half, unsure] = [0.98, 0.6, 0.2].map(one => floorOf(check, answer(one)))
    expect(sure).toBeGreaterThan(0.75)
    expect(sure).toBeLessThan(0.98)
    expect(half).toBeLessThan(sure!)
    expect(unsure).toBeLessThan(0.4)
  })

  it('is trusted little where one group shows that confidence may mean nothing', async () => {
    const check = checkDomain(await domainOf({ rightOf: (group, chance) => (group === 5 ? 0.1 : chance) }), {
      features: far,
    })
    expect(floorOf(check, answer(0.98))).toBeLessThan(0.5)
    expect(check.floor).toBeLessThan(0.25)
  })

  it('is never trusted more than the policy trusts it, and not without a confidence of its own', async () => {
    const domain = checkDomain(await domainOf(), { features: far })
    const estimate = { difficulty: 0.5, models: {}, features: {}, domain }
    const scaling = { names: [], means: [], scales: [], weights: [] }
    const judged = (bias: number, rawConfidence?: number): number =>
      calibrateAnswers({ calibrators: { small: { ...scaling, bias } } }, [answer(rawConfidence)], estimate)[0]!
    expect(judged(9, 0.98)).toBeCloseTo(floorOf(domain, answer(0.98)), 3)
    expect(judged(-2, 0.98)).toBeLessThan(0.2)
    expect(judged(9)).toBeLessThan(0.01)
    expect(floorOf(domain, { ...answer(0.98), model: 'constructor' })).toBe(0)
  })

  it('is worth a guess where rows have text, whose questions may be any', async () => {
    const { file } = await domainOf({ text: 'Read this.' })
    expect(file.outside).toBeUndefined()
  })

  it('is no further away for words beside it, where the rows have none', () => {
    const features = { log_megapixels: 1 }
    expect(partsOf([{ image: features }])).toEqual([{ kind: 'image', features }])
    expect(partsOf([{ image: { ...features, caption: 'A sign' } }])).toEqual([
      { kind: 'image', features, text: 'A sign' },
    ])
  })
})
