import { certifiedPoint, decideByRisk } from './decide-by-risk.ts'
import { decideByUtility, type UtilityView } from './decide-by-utility.ts'
import { bestOf, decideByQuality } from './decide-step.ts'
import { applyCalibrator, riskFeaturesOf } from '#services/decision/calibrators/calibrate-answers'
import type { Called, Candidate, Estimate, Limits, Step } from '#services/decision/policy/policy'
import type { PolicyFile } from '#services/decision/policy/policy-schema'
import { prospectFeaturesOf } from '#services/decision/calibrators/features/prospect-features'

/** Inputs of a decision. */
export interface DecisionInput {
  readonly estimate: Estimate
  readonly called: readonly Called[]
  readonly candidates: readonly Candidate[]
  readonly limits: Limits
}

/**
 * The next step of a cascade by a fitted policy: by risk where a limit is set, else by least quality, else by utility.
 * Pure.
 */
export function decide(file: PolicyFile, { estimate, called, candidates, limits }: DecisionInput): Step {
  const { maxRisk, minQuality, costWeight } = limits
  if (maxRisk !== undefined) {
    return decideByRisk(certifiedPoint(file.risk.path, maxRisk), {
      called,
      candidates,
      mostExpensive: file.models.at(-1) ?? '',
      predictedLoss: predictedLossOf(file, estimate, called),
      maxRisk,
      ...(file.risk.path.length === 0 ? {} : { leastBound: Math.min(...file.risk.path.map(point => point.riskBound)) }),
      outOfDomain: estimate.domain?.outOfDomain === true,
      ...(minQuality === undefined ? {} : { minQuality }),
    })
  }
  if (minQuality !== undefined) return decideByQuality(minQuality, called, candidates)
  const point = file.decision.path[file.decision.chosen]!
  const open = candidates.map(candidate => candidate.model)
  return decideByUtility(
    costWeight === undefined ? point : { ...point, costWeight },
    utilityView(file, estimate, called, open),
  )
}

/** P(loss) when the last answer is accepted; certain where no calibrator knows the model. */
export function predictedLossOf(file: Pick<PolicyFile, 'risk'>, estimate: Estimate, called: readonly Called[]): number {
  const last = called.at(-1)
  const calibrator = file.risk.calibrators[last?.model ?? '']
  return last === undefined || calibrator === undefined
    ? 1
    : applyCalibrator(calibrator, riskFeaturesOf(last, estimate, called.slice(0, -1)))
}

/**
 * Inputs of a decision by utility, from a fitted policy. Costs are those it was fitted with: its prices of
 * quality are in them.
 */
export function utilityView(
  { models, usual, prospects }: Pick<PolicyFile, 'models' | 'usual' | 'prospects'>,
  estimate: Estimate,
  called: readonly Called[],
  open: readonly string[],
): UtilityView {
  const predictedOf = (model: string): number => estimate.models[model]?.quality ?? usual[model]?.quality ?? 0.5
  return {
    called,
    open,
    models,
    costUsdOf: model => usual[model]?.costUsd ?? 0,
    predictedOf,
    prospectOf(model) {
      const best = bestOf(called)?.confidence ?? 0
      const calibrator = prospects[`${called.at(-1)?.model ?? ''}>${model}`]
      if (calibrator === undefined) return Math.max(best, predictedOf(model))
      return best + 2 * applyCalibrator(calibrator, prospectFeaturesOf(called, model, estimate)) - 1
    },
  }
}
