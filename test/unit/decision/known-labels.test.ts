import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCalibrate } from '#services/calibrate/calibrate'
import { decide } from '#services/decision/decide/decide'
import { answerFeaturesOf, calibrateAnswers } from '#services/decision/calibrators/calibrate-answers'
import { labelsOf, withLabelsNoted } from '#services/decision/calibrators/known-labels'
import { createCalibratedPolicy, openPolicyFolder } from '#services/decision/policy/load-policy'
import type { ModelAnswer } from '#services/decision/policy/policy'
import type { PolicyFile } from '#services/decision/policy/policy-schema'
import { prospectFeaturesOf } from '#services/decision/calibrators/features/prospect-features'
import { writeTable } from '../../support/policies/outcome-table.ts'

let home: string
let folder: Awaited<ReturnType<typeof openPolicyFolder>>
let file: PolicyFile

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'labels-'))
  await runCalibrate({ outcomes: [writeTable(home, 200)], out: join(home, 'fitted'), seed: 3 })
  folder = await openPolicyFolder(join(home, 'fitted'))
  file = folder.file
})
afterAll(() => {
  rmSync(home, { recursive: true })
})

const estimate = { difficulty: 0.5, models: {}, features: {} }

describe('labelsOf()', () => {
  it('finds every label that a calibrator, a prospect, a calibrator of risk or the label model has a weight for', () => {
    const calibrator = (...names: string[]) => ({ names, means: [], scales: [], weights: [], bias: 0 })
    const labels = labelsOf({
      calibrators: { a: calibrator('confidence', '=label.one', '=slope.1.5', '=with.v1.against.against.two') },
      prospects: { 'a>b': calibrator('=of.a.=label.three', '=alone.=slope.=label.x') },
      risk: { ...file.risk, calibrators: { a: calibrator('=label.four') } },
      labelModel: { labels: ['five', 'six'], bias: [0, 0], voters: {} },
    })
    expect([...labels].toSorted()).toEqual([
      '1.5',
      '=label.x',
      'against.two',
      'five',
      'four',
      'one',
      'six',
      'three',
      'two',
      'x',
    ])
  })
})

describe('withLabelsNoted()', () => {
  const free = fc.string({ maxLength: 30 })
  const answer = fc.oneof(
    fc.constantFrom('A', '(b).', 'C', 'd', '15', '1.5', 'a longer answer than any label is'),
    free,
  )
  const judged = fc.tuple(answer, fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }))
  const answersOf = (given: readonly (readonly [string, number | undefined])[]): ModelAnswer[] =>
    given.map(([text, raw], index) => ({
      model: file.models[index]!,
      answer: text,
      outputChars: text.length,
      ...(raw === undefined ? {} : { rawConfidence: raw }),
    }))

  it('changes nothing of what is judged and decided', async () => {
    const policy = await createCalibratedPolicy(folder, {})
    fc.assert(
      fc.property(fc.array(judged, { minLength: 1, maxLength: 3 }), given => {
        const answers = answersOf(given)
        const plain = calibrateAnswers(file, answers, estimate)
        expect(policy.confidences(answers, estimate)).toEqual(plain)
        const called = answers.map((one, index) => ({ ...one, confidence: plain[index]!, costNanoUsd: 0 }))
        const open = file.models.slice(called.length).map(model => ({ model, costNanoUsd: 1 }))
        for (const limits of [{}, { maxRisk: 0.1 }, { minQuality: 0.8 }])
          expect(policy.next(estimate, called, open, limits)).toEqual(
            decide(file, { estimate, called, candidates: open, limits }),
          )
      }),
      { numRuns: 300 },
    )
  })

  it('leaves no feature that is named after an answer which no calibrator knows', () => {
    const noted = (text: string) =>
      withLabelsNoted(labelsOf(file), [{ model: file.models[0]!, answer: text, rawConfidence: 0.7 }])
    const namesOf = (text: string): string[] => {
      const [one] = noted(text)
      const called = [{ ...one!, confidence: 0.5, costNanoUsd: 0 }]
      return [answerFeaturesOf(one!, estimate, []), prospectFeaturesOf(called, 'large', estimate)].flatMap(features =>
        Object.keys(features),
      )
    }
    expect(namesOf('not a label')).toEqual(namesOf('neither is this'))
    expect(namesOf('(A)')).toContain('=label.a')
  })
})
