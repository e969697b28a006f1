import { logistic, logit } from '#services/decision/calibrators/features/own-features'
import type { DomainFile } from '#services/decision/domain/domain-schema'
import { confidenceInputs } from '#services/decision/domain/outside'
import { textOf } from '#services/decision/policy/featurize'
import { modelAnswerOf } from '#services/calibrate/ladder'
import { rounded } from '#services/calibrate/round'
import type { FeaturedRow } from '#services/calibrate/fit/kernel/fit-estimator'
import { fitLogistic } from '#services/calibrate/fit/regression/logistic-regression'
import { chanceOf, closedLabels } from './answer-chance.ts'
import { findCentres, nearestOf } from './find-centres.ts'

/** Groups of rows that are like each other, of which one after the other is left out. */
const mostGroups = 8
/** The share of right answers of a smaller group is chance. */
const fewestOfGroup = 15
/** Fewer groups do not tell how different the next one may be. */
const fewestGroups = 4
/** Answers that are the same by chance more often than this are no free text. */
const mostChance = 0.05
const ridge = 2.5

/** An answer of one model: what its own confidence says, whether it was right, and the group of its row. */
interface Sample {
  readonly input: Float32Array
  readonly target: number
  readonly group: number
}

type Outside = NonNullable<DomainFile['outside']>

/**
 * What is known of answers to inputs that are unlike the rows of a fit: how right answers of a whole group of rows
 * are where nothing of that group was fitted on. Of a model's own confidence that much is taken over as held for
 * the worst group. Empty where groups are few or a model tells no confidence.
 * @source Ben-David et al., A theory of learning from different domains (2010), for leaving out domains; Kull, Silva
 * Filho, Flach, Beta calibration (2017)
 */
export function fitOutside(
  rows: readonly FeaturedRow[],
  points: readonly Float32Array[],
  models: readonly string[],
): { readonly outside?: Outside } {
  if (!isFreeTextOfMedia(rows, models)) return {}
  const count = Math.min(mostGroups, Math.floor(points.length / fewestOfGroup))
  if (count < fewestGroups) return {}
  const centres = findCentres(points, count)
  const groupOfRow = points.map(point => nearestOf(centres, point))
  const fitted = models.flatMap(model => {
    const one = fitModel(samplesOf(rows, groupOfRow, model))
    return one === undefined ? [] : [[model, one] as const]
  })
  return fitted.length < models.length ? {} : { outside: Object.fromEntries(fitted) }
}

/** A text may ask for anything, and labels suit what they were made for; of media all that is there is asked. */
function isFreeTextOfMedia(rows: readonly FeaturedRow[], models: readonly string[]): boolean {
  const hasText = rows.some(({ row }) => textOf(row.parts) !== undefined)
  return !hasText && closedLabels(rows, models).labels === undefined && chanceOf(rows, models) < mostChance
}

function samplesOf(rows: readonly FeaturedRow[], groupOfRow: readonly number[], model: string): readonly Sample[] {
  return rows.flatMap(({ row }, at) => {
    const { rawConfidence } = modelAnswerOf(row, model)
    if (rawConfidence === undefined) return []
    const target = row.outcomes[model]?.score ?? 0
    return [{ input: Float32Array.from(confidenceInputs(rawConfidence)), target, group: groupOfRow[at]! }]
  })
}

function fitModel(samples: readonly Sample[]): Outside[string] | undefined {
  const groups = [...new Set(samples.map(one => one.group))]
    .map(group => samples.filter(one => one.group === group))
    .filter(group => group.length >= fewestOfGroup)
  if (groups.length < fewestGroups) return undefined
  const held = groups.map(group => measureGroup(group, samples))
  const { weights, bias } = fitOn(samples)
  return {
    bias: rounded(bias + Math.min(0, ...held.map(one => one.shift))),
    sure: rounded(weights[0]!),
    doubt: rounded(weights[1]!),
    quality: rounded(Math.min(...held.map(one => one.quality))),
  }
}

/** How right a group is, and by how many nats that is more than all others let expect. */
function measureGroup(
  group: readonly Sample[],
  samples: readonly Sample[],
): { readonly quality: number; readonly shift: number } {
  const { weights, bias } = fitOn(samples.filter(one => one.group !== group[0]!.group))
  const predicted = group.reduce(
    (sum, { input }) => sum + logistic(bias + weights[0]! * input[0]! + weights[1]! * input[1]!),
    0,
  )
  const right = group.reduce((sum, one) => sum + one.target, 0)
  // Laplace's rule: a small group that is all right is not certain to be.
  const quality = (right + 1) / (group.length + 2)
  return { quality, shift: logit(quality) - logit(predicted / group.length) }
}

/** Both weights are at least 0: more confidence is never trusted less. */
function fitOn(samples: readonly Sample[]): { readonly weights: readonly number[]; readonly bias: number } {
  const fit = (kept: readonly number[]) => {
    const inputs = samples.map(({ input }) => input.map((value, at) => (kept.includes(at) ? value : 0)))
    return fitLogistic(
      inputs,
      samples.map(one => one.target),
      ridge,
    )
  }
  const both = fit([0, 1])
  const risen = [0, 1].filter(at => both.weights[at]! > 0)
  const one = risen.length === 2 ? both : fit(risen)
  return { ...one, weights: one.weights.map(weight => Math.max(0, weight)) }
}
