import { signsOf } from '../../shared/policy/judge-answer.ts'
import type { Called, Estimate, Judged } from '../../shared/policy/policy.ts'
import type { OutcomeRow } from '../states.ts'
import { crossFit } from './folds.ts'
import { applyScaled, fitScaled, type ScaledFit, type Signs } from './scaled-regression.ts'

/** A row with what was foreseen of it. */
export interface ForeseenRow {
  readonly row: OutcomeRow
  readonly estimate: Estimate
}

/** The judges of a ladder, and what judges that had not seen a row said of every answer in it. */
export interface JudgesFit {
  readonly judges: ReadonlyMap<string, ScaledFit>
  /** By row, then by model: P(correct); absent where the model has no outcome. */
  readonly foretold: readonly Readonly<Record<string, number>>[]
}

/** Fits one judge a model, cheap to dear: what one said of the rung before is a sign for the next. */
export function fitJudges(
  rows: readonly ForeseenRow[],
  models: readonly string[],
  foldOfRow: readonly number[],
  folds: number,
): JudgesFit {
  const foretold: Record<string, number>[] = rows.map(() => ({}))
  const judges = new Map<string, ScaledFit>()
  models.forEach((model, rung) => {
    const present = rows.flatMap((one, index) => {
      const outcome = one.row.outcomes[model]
      if (outcome?.score === undefined) return []
      const before = calledBefore(one.row, models.slice(0, rung), foretold[index]!)
      return [{ index, target: outcome.score, signs: signsOf(judgedOf(one.row, model), one.estimate, before) }]
    })
    const said = crossFit(
      present,
      present.map(one => foldOfRow[one.index] ?? 0),
      folds,
      fit,
      (fitted, one) => applyScaled(fitted, one.signs),
    )
    present.forEach((one, at) => {
      foretold[one.index]![model] = said[at]!
    })
    judges.set(model, fit(present))
  })
  return { judges, foretold }
}

function fit(train: readonly { readonly signs: Signs; readonly target: number }[]): ScaledFit {
  return fitScaled(
    train.map(one => one.signs),
    train.map(one => one.target),
  )
}

/** A recorded outcome as the gate takes it. */
export function judgedOf(row: OutcomeRow, model: string): Judged {
  const { confidence, signals, answer, outputChars } = row.outcomes[model] ?? {}
  return {
    model,
    ...(confidence === undefined ? {} : { rawConfidence: confidence }),
    ...(signals === undefined ? {} : { signals }),
    ...(answer === undefined ? {} : { answer }),
    ...(outputChars === undefined ? {} : { outputChars }),
  }
}

function calledBefore(
  row: OutcomeRow,
  models: readonly string[],
  foretold: Readonly<Record<string, number>>,
): readonly Called[] {
  return models.flatMap(model => {
    const confidence = foretold[model]
    return confidence === undefined ? [] : [{ ...judgedOf(row, model), confidence, costNanoUsd: 0 }]
  })
}
