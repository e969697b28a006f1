import { calibrateAnswers } from '#services/decision/calibrators/calibrate-answers'
import type { Called } from '#services/decision/policy/policy'
import type { PolicyFile } from '#services/decision/policy/policy-schema'
import { prospectFeaturesOf } from '#services/decision/calibrators/features/prospect-features'
import { drawOf } from '#services/calibrate/draw'
import { modelAnswerOf, pairsOf } from '#services/calibrate/ladder'
import { mostSamples, type CalibratorRow } from './fit-calibrators.ts'
import { codeSamples, fitScaled, calibratorOf } from './regression/scaled-regression.ts'
import { thinned } from '#services/calibrate/thinned'

/**
 * By pair of rungs, the one called last and the one that may be next: what the answer most likely right scores more
 * with the next than without. Which rungs were called before is drawn from each row's id, and the calibrators that are
 * asked have not seen the row.
 */
export function fitProspects(
  rows: readonly CalibratorRow[],
  unseenCalibrators: readonly PolicyFile['calibrators'][],
  models: readonly string[],
  seed: number,
): PolicyFile['prospects'] {
  const some = thinned(
    rows.map((row, index) => ({ ...row, calibrators: unseenCalibrators[index]! })),
    mostSamples,
    ({ row }) => drawOf(row.id, 'foretold', seed),
  )
  const prospects = pairsOf(models).map(([from, to]) => {
    const lower = models.slice(0, models.indexOf(from))
    const samples = some.map((one, index) => {
      const bits = drawOf(one.row.id, `before ${from} and ${to}`, seed)
      const calls = [...lower.filter((_, at) => (bits >>> (at % 32)) % 2 === 1), from]
      const before = calledOf(one, calls)
      const gained = scoreOf(one, calledOf(one, [...calls, to])) - scoreOf(one, before)
      return { features: prospectFeaturesOf(before, to, one.estimate), target: (1 + gained) / 2, row: index }
    })
    return [`${from}>${to}`, calibratorOf(fitScaled(codeSamples(samples)))] as const
  })
  return Object.fromEntries(prospects)
}

interface Unseen extends CalibratorRow {
  readonly calibrators: PolicyFile['calibrators']
}

function calledOf({ row, estimate, calibrators, labelModel }: Unseen, calls: readonly string[]): readonly Called[] {
  const answers = calls.map(model => modelAnswerOf(row, model))
  const confidences = calibrateAnswers({ calibrators, labelModel }, answers, estimate)
  return answers.map((one, index) => ({ ...one, confidence: confidences[index]!, costNanoUsd: 0 }))
}

/** The score of the answer most likely right. */
function scoreOf({ row }: Unseen, called: readonly Called[]): number {
  const best = called.reduce((top, one) => (one.confidence > top.confidence ? one : top))
  return row.outcomes[best.model]?.score ?? 0
}
