import { describe, expect, it } from 'vitest'
import { fitCalibrators } from '#services/calibrate/fit/fit-calibrators'
import { fitLabels } from '#services/calibrate/fit/fit-labels'
import { minimise } from '#services/calibrate/fit/regression/minimise'
import { modelAnswerOf } from '#services/calibrate/ladder'
import type { OutcomeRow } from '#services/calibrate/states'
import { coherent } from '#services/decision/calibrators/coherent'
import { calibrateAnswers } from '#services/decision/calibrators/calibrate-answers'
import { labelChances, labelFeatures, surenessOf } from '#services/decision/calibrators/label-model'
import type { Estimate, ModelAnswer } from '#services/decision/policy/policy'
import type { LabelModel } from '#services/decision/policy/policy-schema'

const models = ['small', 'large']
const options = { models, folds: 4, seed: 1 }
const estimate: Estimate = { difficulty: 0.5, models: {}, features: {} }

/** Even numbers in [0,1), the same for the same row and purpose. */
const drawn = (index: number, purpose: number): number => {
  const mixed = Math.sin(index * 12.9898 + purpose * 78.233) * 43758.5453
  return mixed - Math.floor(mixed)
}

/**
 * Four classes that come as often as each other. `small` takes half of all surprise for fear and half of all fear for
 * joy, and is right on the others; `large` tells surprise and joy apart from the others alone: it says `joy` for fear
 * and `surprise` for calm.
 */
function confusedRows(count: number): readonly OutcomeRow[] {
  const bySmall: Readonly<Record<string, string>> = { surprise: 'fear', fear: 'joy', joy: 'joy', calm: 'calm' }
  const byLarge: Readonly<Record<string, string>> = {
    surprise: 'surprise',
    calm: 'surprise',
    joy: 'joy',
    fear: 'joy',
  }
  return Array.from({ length: count }, (_, index) => {
    const truth = ['surprise', 'fear', 'joy', 'calm'][Math.floor(4 * drawn(index, 1))]!
    const small = drawn(index, 2) < 0.5 ? truth : bySmall[truth]!
    const large = byLarge[truth]!
    const of = (answer: string, at: number) => {
      const score = Number(answer === truth)
      return { answer, confidence: 0.45 + 0.1 * score + 0.3 * drawn(index, at), score }
    }
    return { id: `r${index}`, dataset: 'd', parts: [], outcomes: { small: of(small, 3), large: of(large, 4) } }
  })
}

const rows = confusedRows(1200)
const seen = confusedRows(4000).slice(1200)
const foldOfRow = rows.map((_, index) => index % 4)
const fitted = fitLabels(rows, foldOfRow, options)
const said = (small: string, large: string, rawConfidence = 0.7): readonly ModelAnswer[] => [
  { model: 'small', answer: small, rawConfidence },
  { model: 'large', answer: large, rawConfidence },
]

/** Mean log loss of what calibrators say of both answers of rows that they have not seen. */
function lossOf(policy: Parameters<typeof calibrateAnswers>[0]): number {
  let loss = 0
  for (const row of seen) {
    const chances = calibrateAnswers(
      policy,
      models.map(model => modelAnswerOf(row, model)),
      estimate,
    )
    chances.forEach((chance, index) => {
      const right = row.outcomes[models[index]!]!.score === 1
      loss -= Math.log(Math.max(1e-6, right ? chance : 1 - chance))
    })
  }
  return loss / seen.length / models.length
}

describe('fitLabels()', () => {
  it('knows who takes what for what: that fear is said beside surprise means surprise, beside joy it means fear', () => {
    const surprise = labelChances(fitted.all!, said('fear', 'surprise'))
    expect(surprise.get('surprise')).toBeGreaterThan(0.8)
    const fear = labelChances(fitted.all!, said('fear', 'joy'))
    expect(fear.get('fear')).toBeGreaterThan(0.8)
  })

  it('gives chances that are as often right as they say', () => {
    const chances = seen.map(row => {
      const answers = models.map(model => modelAnswerOf(row, model))
      return labelChances(fitted.all!, answers).get(answers[0]!.answer!)!
    })
    const among = seen.filter((_, index) => chances[index]! > 0.2 && chances[index]! < 0.8)
    const predicted = chances.filter(chance => chance > 0.2 && chance < 0.8)
    const right = among.filter(row => row.outcomes['small']?.score === 1).length / among.length
    expect(among.length).toBeGreaterThan(300)
    expect(Math.abs(right - predicted.reduce((a, b) => a + b) / predicted.length)).toBeLessThan(0.05)
  })

  it('says of each row what a model without its fold says', () => {
    const others = fitLabels(
      rows.map((row, index) => (index % 4 === 2 ? withoutScores(row) : row)),
      foldOfRow,
      options,
    )
    expect(others.unseen[2]).toEqual(fitted.unseen[2])
    expect(others.unseen[1]).not.toEqual(fitted.unseen[1])
  })

  it('makes calibrators that predict more of rows that nothing has seen', () => {
    const { unseen, all } = fitted
    const calibratorRows = rows.map((row, index) => ({ row, estimate, labelModel: unseen[index] }))
    const without = fitCalibrators(
      rows.map(row => ({ row, estimate })),
      foldOfRow,
      options,
    ).all
    const by = fitCalibrators(calibratorRows, foldOfRow, options).all
    expect(lossOf({ calibrators: by, labelModel: all })).toBeLessThan(0.97 * lossOf({ calibrators: without }))
  })

  it.each(['small', 'large'])('says of what %s says alone how often that is right', model => {
    for (const label of ['surprise', 'fear', 'joy', 'calm']) {
      const such = seen.filter(row => row.outcomes[model]?.answer === label)
      if (such.length === 0) continue
      const right = such.filter(row => row.outcomes[model]?.score === 1).length / such.length
      const chances = such.map(row => labelChances(fitted.all!, [modelAnswerOf(row, model)]).get(label)!)
      expect(Math.abs(right - chances.reduce((a, b) => a + b) / chances.length)).toBeLessThan(0.1)
    }
  })

  it('learns nothing of a confidence that is always the same, and no more of one that was never seen than of the farthest that was', () => {
    const always = rows.map(row => withConfidence(row, 0.7))
    const { all } = fitLabels(always, foldOfRow, options)
    expect(Object.values(all!.voters).map(({ scale }) => scale)).toEqual([1, 1])
    const near = labelChances(all!, said('fear', 'surprise', 0.69)).get('surprise')!
    expect(near).toBeCloseTo(labelChances(all!, said('fear', 'surprise', 0.7)).get('surprise')!, 3)
    const usual = { mean: 0, scale: 0.1 }
    const at = (rawConfidence: number) => surenessOf(usual, { model: 'small', rawConfidence })
    expect([at(0.5), at(0.9), at(1), at(0)]).toEqual([0, 4, 4, -4])
    expect(surenessOf(usual, { model: 'small' })).toBe(0)
  })

  it('learns nothing of rows whose true answer is none of the labels', () => {
    const rare = rows.map((row, index) => (index % 12 === 0 ? withRareTruth(row, index) : row))
    const without = rare.filter((_, index) => index % 12 !== 0)
    const known = (some: readonly OutcomeRow[]) =>
      labelChances(
        fitLabels(
          some,
          some.map(() => 0),
          { ...options, folds: 1 },
        ).all!,
        said('calm', 'joy'),
      ).get('calm')!
    expect(known(rare)).toBeCloseTo(known(without), 1)
  })

  it.each<readonly [string, (row: OutcomeRow, index: number) => string | undefined]>([
    ['answers that are no labels', row => `an answer of its own ${row.id}`],
    ['short answers that hardly ever come twice', row => row.id],
    ['labels among free answers', (row, index) => (index % 2 === 0 ? row.id : ['yes', 'no'][index % 3 === 0 ? 1 : 0]!)],
    ['more labels than classes are', (_row, index) => `class ${index % 60}`],
    ['one label', () => 'yes'],
    ['answers that are not told', () => undefined],
  ])('is of classes alone: none of %s', (_what, answerOf) => {
    const changed = rows.map((row, index) => withAnswers(row, answerOf(row, index)))
    expect(fitLabels(changed, foldOfRow, options)).toEqual({ all: undefined, unseen: rows.map(() => undefined) })
  })

  it('is of several models and of some rows', () => {
    expect(fitLabels(rows, foldOfRow, { ...options, models: ['small'] }).all).toBeUndefined()
    expect(fitLabels([], [], options).all).toBeUndefined()
  })

  it('holds with the few rows that small tables have, one label hardly ever said', () => {
    const few = confusedRows(20)
    const { all, unseen } = fitLabels(
      few,
      few.map((_, index) => index % 4),
      options,
    )
    const chances = [...labelChances(all!, said('fear', 'surprise')).values()]
    expect(chances.reduce((a, b) => a + b)).toBeCloseTo(1, 9)
    expect(unseen).toHaveLength(20)
  })
})

describe('labelFeatures()', () => {
  const chances = new Map([
    ['yes', 0.6],
    ['no', 0.3],
    ['perhaps', 0.1],
  ])

  it('tells how likely the own label is and how it stands to any other that was given', () => {
    const features = labelFeatures(said('Yes.', 'no')[0]!, [said('yes', 'no')[1]!], chances)
    expect(features).toMatchObject({ '=labels': 1, '=labels.first': 1 })
    expect(features['=labels.odds']).toBeCloseTo(Math.log(1.5))
    expect(features['=labels.lead']).toBeCloseTo(Math.log(2))
    expect(labelFeatures(said('yes', 'no')[1]!, [said('yes', 'no')[0]!], chances)['=labels.lead']).toBeCloseTo(
      -Math.log(2),
    )
    expect(labelFeatures(said('yes', 'yes')[0]!, [said('yes', 'yes')[1]!], chances)['=labels.lead']).toBe(0)
  })

  it('says nothing of an answer alone, of what is no label, and without a model', () => {
    const [yes, no] = said('yes', 'no')
    expect(labelFeatures(yes!, [], chances)).toEqual({})
    expect(labelFeatures(said('maybe', 'no')[0]!, [no!], chances)).toEqual({})
    expect(labelFeatures(yes!, [no!], new Map())).toEqual({})
  })

  it('hears no model that it does not know, whatever its name', () => {
    const voter = { mean: 0, scale: 1, said: [[1, 0]], sure: [[0, 0]], surer: [[0, 0]] }
    const model: LabelModel = { labels: ['yes', 'no'], bias: [0, 0], voters: { small: voter } }
    expect(labelChances(model, [{ model: 'constructor', answer: 'yes' }]).size).toBe(0)
    expect(labelChances(model, [{ model: 'small', answer: 'yes' }]).get('yes')).toBeCloseTo(Math.E / (Math.E + 1))
  })
})

describe('coherent()', () => {
  const labels = ['yes', 'no', 'perhaps']
  const three = [...said('yes', 'no'), { model: 'middle', answer: 'Yes.' }]

  it('makes who says the same as likely right, and different labels together at most certain', () => {
    const [small, large, middle] = coherent(labels, three, [0.9, 0.6, 0.5])
    expect(small).toBe(middle)
    expect(small! + large!).toBeCloseTo(1, 12)
    // The mean of the logits of 0.9 and 0.5 is that of 3 to 1.
    expect(small! / large!).toBeCloseTo(0.75 / 0.6, 12)
  })

  it('leaves what fits together, and what is none of the labels', () => {
    expect(coherent(labels, said('yes', 'no'), [0.5, 0.3])).toEqual([expect.closeTo(0.5), expect.closeTo(0.3)])
    expect(coherent(labels, said('maybe', 'no'), [0.9, 0.6])).toEqual([0.9, expect.closeTo(0.6)])
  })
})

describe('minimise()', () => {
  it('finds the bottom of a narrow bent valley', () => {
    const rosenbrock = (point: Float64Array, gradient: Float64Array): number => {
      const [x, y] = [point[0]!, point[1]!]
      gradient[0] = -2 * (1 - x) - 400 * x * (y - x * x)
      gradient[1] = 200 * (y - x * x)
      return (1 - x) ** 2 + 100 * (y - x * x) ** 2
    }
    const [x, y] = minimise(rosenbrock, Float64Array.of(-1.2, 1), 200)
    expect(x).toBeCloseTo(1, 3)
    expect(y).toBeCloseTo(1, 3)
  })

  it('stays where there is nowhere to go down, and where what is below is no number', () => {
    const flat = (_point: Float64Array, gradient: Float64Array): number => {
      gradient.fill(0)
      return 3
    }
    expect([...minimise(flat, Float64Array.of(5), 10)]).toEqual([5])
    const cliff = (point: Float64Array, gradient: Float64Array): number => {
      gradient[0] = 1
      return point[0] === 2 ? 0 : Number.NaN
    }
    expect([...minimise(cliff, Float64Array.of(2), 10)]).toEqual([2])
  })
})

function withoutScores(row: OutcomeRow): OutcomeRow {
  const outcomes = Object.entries(row.outcomes).map(([model, outcome]) => [model, { ...outcome, score: 0 }] as const)
  return { ...row, outcomes: Object.fromEntries(outcomes) }
}

function withConfidence(row: OutcomeRow, confidence: number): OutcomeRow {
  const outcomes = Object.entries(row.outcomes).map(([model, outcome]) => [model, { ...outcome, confidence }] as const)
  return { ...row, outcomes: Object.fromEntries(outcomes) }
}

/** The small model says `calm`, wrongly; the large one has the answer, which nobody else ever gives. */
function withRareTruth(row: OutcomeRow, index: number): OutcomeRow {
  const small = { answer: 'calm', confidence: 0.7, score: 0 }
  return { ...row, outcomes: { small, large: { answer: `of its own ${index}`, confidence: 0.7, score: 1 } } }
}

function withAnswers(row: OutcomeRow, answer: string | undefined): OutcomeRow {
  const told = answer === undefined ? {} : { answer }
  const outcomes = Object.entries(row.outcomes).map(([model, { confidence, score }]) => {
    return [
      model,
      { ...(confidence === undefined ? {} : { confidence }), ...(score === undefined ? {} : { score }), ...told },
    ]
  })
  return { ...row, outcomes: Object.fromEntries(outcomes) as OutcomeRow['outcomes'] }
}
