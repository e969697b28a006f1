import { predictedLossOf, decide, utilityView } from '#services/decision/decide/decide'
import { highestUtility, type UtilityView } from '#services/decision/decide/decide-by-utility'
import { bestOf } from '#services/decision/decide/decide-step'
import { calibrateAnswers } from '#services/decision/calibrators/calibrate-answers'
import type { Called, Estimate } from '#services/decision/policy/policy'
import type { PolicyFile, QualityPoint } from '#services/decision/policy/policy-schema'
import type { OutcomeRow } from './states.ts'
import { modelAnswerOf } from './ladder.ts'

/** What a policy did on one row. */
export interface Replayed {
  readonly calls: readonly string[]
  readonly answer: string
}

/** One row as a policy meets it: what calls show is judged once and kept, so that many points can be tried on it. */
export interface RowReplay {
  readonly row: OutcomeRow
  readonly estimate: Estimate
  /** Replays by utility, with the very decisions of the gateway; it uses only the outcomes of calls that it made. */
  readonly byUtility: (point: QualityPoint) => Replayed
  /** Replays under a risk limit, with the very decisions of the gateway. */
  readonly byRisk: (maxRisk: number) => Replayed
  /** P(correct) of the last of some calls. */
  readonly confidence: (calls: readonly string[]) => number
  /** P(loss) of accepting the last of some calls. */
  readonly predictedLoss: (calls: readonly string[]) => number
}

/** Prepares a row to be replayed by a fitted policy. */
export function createRowReplay(
  row: OutcomeRow,
  estimate: Estimate,
  file: Pick<PolicyFile, 'models' | 'usual' | 'prospects' | 'calibrators' | 'labelModel'> &
    Partial<Pick<PolicyFile, 'risk'>>,
): RowReplay {
  const seen = new Map<string, readonly Called[]>([['', []]])
  const views = new Map<string, UtilityView>()
  const lossThresholds = new Map<string, number>()
  const present = file.models.filter(model => row.outcomes[model] !== undefined)

  function calledFor(calls: readonly string[]): readonly Called[] {
    return kept(seen, calls.join('\n'), () => {
      const answers = calls.map(model => modelAnswerOf(row, model))
      const confidences = calibrateAnswers(file, answers, estimate)
      return answers.map((one, index) => ({ ...one, confidence: confidences[index]!, costNanoUsd: 0 }))
    })
  }

  function viewFor(calls: readonly string[]): UtilityView {
    return kept(views, calls.join('\n'), () => {
      const view = utilityView(file, estimate, calledFor(calls), present)
      const prospects = new Map<string, number>()
      return { ...view, prospectOf: model => kept(prospects, model, () => view.prospectOf(model)) }
    })
  }

  return {
    row,
    estimate,
    byUtility(point) {
      const calls: string[] = []
      for (;;) {
        const { model } = highestUtility(point, viewFor(calls))
        if (model === undefined) return { calls, answer: bestOf(calledFor(calls))?.model ?? '' }
        calls.push(model)
      }
    },
    byRisk(maxRisk) {
      const calls: string[] = []
      for (;;) {
        const from = file.models.indexOf(calls.at(-1) ?? '')
        const candidates = present
          .filter(model => file.models.indexOf(model) > from)
          .map(model => ({ model, costNanoUsd: 0 }))
        const step = decide(file as PolicyFile, { estimate, called: calledFor(calls), candidates, limits: { maxRisk } })
        if (step.kind === 'stop') return { calls, answer: step.model }
        calls.push(step.model)
      }
    },
    confidence: calls => calledFor(calls).at(-1)?.confidence ?? 0,
    predictedLoss: calls =>
      file.risk === undefined
        ? 1
        : kept(lossThresholds, calls.join('\n'), () =>
            predictedLossOf({ risk: file.risk! }, estimate, calledFor(calls)),
          ),
  }
}

function kept<Value>(values: Map<string, Value>, key: string, make: () => Value): Value {
  const found = values.get(key)
  if (found !== undefined) return found
  const made = make()
  values.set(key, made)
  return made
}
