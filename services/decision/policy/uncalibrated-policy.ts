import { createHash } from 'node:crypto'
import { featuresOf } from './featurize.ts'
import type { Candidate, Called, Estimate, Limits, Policy, Step } from './policy.ts'
import { compared } from '#services/decision/decide/decide-step'

/** What an uncalibrated ladder says of itself. */
export interface UncalibratedOptions {
  /** Rungs, from cheap to expensive. */
  readonly models: readonly string[]
  /** Own confidence in [0,1] from which an answer is accepted. */
  readonly acceptRatio: number
}

/**
 * Decides on a ladder for which no outcomes have been gathered yet: rungs in order, each accepted from a confidence
 * that the operator set. It promises nothing: its version starts with `uncalibrated`, its estimates say
 * `no-estimator`, and it certifies no risk.
 */
export function createUncalibratedPolicy({ models, acceptRatio }: UncalibratedOptions): Policy {
  const digest = createHash('sha256')
    .update(JSON.stringify([models, acceptRatio]))
    .digest('hex')
  return {
    version: `uncalibrated-${digest.slice(0, 12)}`,
    models,
    estimate: parts => Promise.resolve({ ...plainEstimate, features: featuresOf(parts) }),
    confidences: answers => answers.map(({ rawConfidence }) => Math.min(1, Math.max(0, rawConfidence ?? 0))),
    next: (_estimate, called, candidates, limits) => nextRung(called, candidates, limits, acceptRatio),
  }
}

/**
 * Nothing is known, so nothing is claimed: even odds and no predicted qualities. Features are what a first fit will
 * learn from.
 */
const plainEstimate = { difficulty: 0.5, models: {}, fallback: 'no-estimator' } as const satisfies Partial<Estimate>

function nextRung(
  called: readonly Called[],
  candidates: readonly Candidate[],
  limits: Limits,
  acceptRatio: number,
): Step {
  const last = called.at(-1)
  const [first] = candidates
  const wanted = limits.minQuality ?? acceptRatio
  if (last !== undefined && last.confidence >= wanted) {
    return {
      kind: 'stop',
      model: last.model,
      reason: `confidence ${compared(last.confidence, '≥', wanted)} (${basisOf(last)})`,
    }
  }
  if (first !== undefined) {
    const reason =
      last === undefined
        ? 'the cheapest rung'
        : `confidence ${compared(last.confidence, '<', wanted)} (${basisOf(last)})`
    return { kind: 'call', model: first.model, reason }
  }
  const best = called.reduce((top, one) => (one.confidence > top.confidence ? one : top), last ?? emptyCall)
  return { kind: 'stop', model: best.model, reason: 'no rung is left' }
}

/**
 * What a confidence stands on. Nothing at all where the server told no probabilities and neither samples nor a
 * verifier stood in.
 */
function basisOf({ rawConfidence, signals = {} }: Called): string {
  const isMeasured = ['samples', 'verified', 'verifier_score', 'verifier_failed'].some(name => name in signals)
  const isBlind = signals['has_logprobs'] === 0 && rawConfidence === 0.5 && !isMeasured
  return isBlind
    ? 'uncalibrated; the server returns no log-probabilities, so it is always 0.500: use samples, a verifier or a fitted policy'
    : 'uncalibrated'
}

const emptyCall: Called = { model: '', confidence: 0, costNanoUsd: 0 }
