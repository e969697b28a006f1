import { describe, expect, it } from 'vitest'
import { fitJudges } from '../../services/calibrate/fit/fit-judges.ts'
import { fitLabels } from '../../services/calibrate/fit/fit-labels.ts'
import { minimise } from '../../services/calibrate/fit/regression/minimise.ts'
import { judgedOf } from '../../services/calibrate/ladder.ts'
import type { OutcomeRow } from '../../services/calibrate/states.ts'
import { judgeAll } from '../../services/shared/policy/judge-answer.ts'
import { labelChances, labelSigns } from '../../services/shared/policy/label-model.ts'
import type { Estimate, Judged } from '../../services/shared/policy/policy.ts'
import type { LabelModel } from '../../services/shared/policy/policy-schema.ts'

const models = ['small', 'large']
const options = { models, folds: 4, seed: 1 }
const estimate: Estimate = { difficulty: 0.5, models: {}, features: {} }

/** Even numbers in [0,1), the same for the same row and purpose. */
const drawn = (index: number, purpose: number): number => {
  const mixed = Math.sin(index * 12.9898 + purpose * 78.233) * 43758.5453
  return mixed - Math.floor(mixed)
}

/**
 * Four classes that come as often as each other. `small` takes half of all surprise for fear and half of all fear for joy, and is right on
 * the others; `large` tells surprise and joy apart from the others alone: it says `joy` for fear and `surprise` for calm.
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
    const of = (answer: string) => ({ answer, confidence: 0.7, score: Number(answer === truth) })
    return { id: `r${index}`, dataset: 'd', parts: [], outcomes: { small: of(small), large: of(large) } }
  })
}

const rows = confusedRows(1200)
const foldOfRow = rows.map((_, index) => index % 4)
const fitted = fitLabels(rows, foldOfRow, options)
const said = (small: string, large: string): readonly Judged[] => [
  { model: 'small', answer: small, rawConfidence: 0.7 },
  { model: 'large', answer: large, rawConfidence: 0.7 },
]

describe('fitLabels()', () => {
  it('knows who takes what for what: that fear is said beside surprise means surprise, beside joy it means fear', () => {
    const surprise = labelChances(fitted.all!, said('fear', 'surprise'))
    expect(surprise.get('surprise')).toBeGreaterThan(0.9)
    const fear = labelChances(fitted.all!, said('fear', 'joy'))
    expect(fear.get('fear')).toBeGreaterThan(0.9)
  })

  it('gives chances that are as often right as they say', () => {
    const seen = confusedRows(4000).slice(1200)
    const chances = seen.map(row => {
      const answers = models.map(model => judgedOf(row, model))
      return labelChances(fitted.all!, answers).get(answers[0]!.answer!)!
    })
    const among = seen.filter((_, index) => chances[index]! > 0.3 && chances[index]! < 0.8)
    const foreseen = chances.filter(chance => chance > 0.3 && chance < 0.8)
    const right = among.filter(row => row.outcomes['small']?.score === 1).length / among.length
    expect(among.length).toBeGreaterThan(300)
    expect(Math.abs(right - foreseen.reduce((a, b) => a + b) / foreseen.length)).toBeLessThan(0.05)
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

  it('makes judges that tell a right answer from a wrong one where agreement cannot', () => {
    const { unseen, all } = fitted
    const judgeRows = rows.map((row, index) => ({ row, estimate, labelModel: unseen[index] }))
    const judges = fitJudges(judgeRows, foldOfRow, options).all
    const byLabels = judgeAll({ judges, labelModel: all }, said('fear', 'joy'), estimate)
    expect(byLabels[0]).toBeGreaterThan(0.8)
    expect(byLabels[1]).toBeLessThan(0.2)
  })

  it('is of classes alone: none of free answers, of one label, of no answers, of rows in which none can be right', () => {
    const changed = (answer: (row: OutcomeRow) => string | undefined): readonly OutcomeRow[] =>
      rows.map(row => {
        const text = answer(row)
        const rest = { confidence: 0.7, score: 1 }
        return { ...row, outcomes: { small: { ...rest, ...(text === undefined ? {} : { answer: text }) } } }
      })
    const only = { ...options, models: ['small'] }
    expect(
      fitLabels(
        changed(row => `an answer of its own ${row.id}`),
        foldOfRow,
        only,
      ).all,
    ).toBeUndefined()
    expect(
      fitLabels(
        changed(row => row.id),
        foldOfRow,
        only,
      ).all,
    ).toBeUndefined()
    expect(
      fitLabels(
        changed(() => 'yes'),
        foldOfRow,
        only,
      ).all,
    ).toBeUndefined()
    expect(
      fitLabels(
        changed(() => undefined),
        foldOfRow,
        only,
      ).all,
    ).toBeUndefined()
    expect(fitLabels([], [], only).all).toBeUndefined()
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

describe('labelSigns()', () => {
  const chances = new Map([
    ['yes', 0.6],
    ['no', 0.3],
    ['perhaps', 0.1],
  ])

  it('tells how likely the own label is and how it stands to any other that was given', () => {
    const signs = labelSigns(said('Yes.', 'no')[0]!, [said('yes', 'no')[1]!], chances)
    expect(signs).toMatchObject({ '=labels': 1, '=labels.first': 1 })
    expect(signs['=labels.odds']).toBeCloseTo(Math.log(1.5))
    expect(signs['=labels.lead']).toBeCloseTo(Math.log(2))
    expect(labelSigns(said('yes', 'no')[1]!, [said('yes', 'no')[0]!], chances)['=labels.lead']).toBeCloseTo(
      -Math.log(2),
    )
    expect(labelSigns(said('yes', 'yes')[0]!, [said('yes', 'yes')[1]!], chances)['=labels.lead']).toBe(0)
  })

  it('says nothing of an answer alone, of what is no label, and without a model', () => {
    const [yes, no] = said('yes', 'no')
    expect(labelSigns(yes!, [], chances)).toEqual({})
    expect(labelSigns(said('maybe', 'no')[0]!, [no!], chances)).toEqual({})
    expect(labelSigns(yes!, [no!], new Map())).toEqual({})
  })

  it('hears no model that it does not know, whatever its name', () => {
    const voter = { mean: 0, scale: 1, said: [[1, 0]], sure: [[0, 0]], surer: [[0, 0]] }
    const model: LabelModel = { labels: ['yes', 'no'], bias: [0, 0], voters: { small: voter } }
    expect(labelChances(model, [{ model: 'constructor', answer: 'yes' }]).size).toBe(0)
    expect(labelChances(model, [{ model: 'small', answer: 'yes' }]).get('yes')).toBeCloseTo(Math.E / (Math.E + 1))
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
