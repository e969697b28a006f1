import { expectedOutput, isMeasuredKind, measuredOutputs, sizeClassOf, type RungTimes } from './service-times.ts'
import {
  fadeOver,
  mergeSketches,
  momentsOf,
  quantileOf,
  scaleSketch,
  weightOf,
  type TimeSketch,
} from './time-sketch.ts'
import { addSums, fitRates, scaleOf, timeBy, unmeasuredTimeBy, type WorkRates } from './work-regression.ts'
import { sizeOf, typicalWork, workVectorOf, type Workload } from './workload.ts'
import type { Task } from '#services/contract/content'

/** How long a leg will be at work. */
export interface ServiceForecast {
  readonly meanMs: number
  readonly deviationMs: number
  /** The time that a share of all such legs does not pass. */
  quantileMs(ratio: number): number
  /** Measurements of such work that it is made of, old ones weighing less; 0 where it is a guess. */
  readonly weight: number
  /** Epoch ms of the newest of them. */
  readonly measuredAt?: number
  /** Output tokens that the answer is expected to have, where they count. */
  readonly outputTokens?: number
}

/** An input as its service time is predicted by. */
export interface LegWork {
  readonly work: Workload
  readonly outputCap?: number | undefined
  /** Output tokens to be expected while none were counted. */
  readonly outputTokens?: number | undefined
}

/** Predicts the service times of one rung. */
export interface ServiceModel {
  predict(leg: LegWork): ServiceForecast
}

/** What is known of a rung has faded away below this: it is tried again. */
const leastWeight = 0.2
/** Kinds of work that were never measured add at most so many times the mean of what was. */
const mostUnmeasured = 3
/** A forecast by fewer measurements is thin: it says what to expect, and nothing that a call may be refused for. */
const fewMeasurements = 3
/** A guess may be as many times too long. */
const mostGuessError = 10

/**
 * The least time that a leg can be held to need: the forecast's where it is well measured, a small part of a guess,
 * else nothing.
 */
export function leastServiceMs(
  { weight, measuredAt, quantileMs }: Pick<ServiceForecast, 'weight' | 'measuredAt' | 'quantileMs'>,
  ratio: number,
): number {
  if (weight >= fewMeasurements) return quantileMs(ratio)
  return measuredAt === undefined ? quantileMs(ratio) / mostGuessError : 0
}

/** Whether a forecast is made of too few measurements to refuse a call by. */
export function isThin({ weight }: Pick<ServiceForecast, 'weight'>): boolean {
  return weight < fewMeasurements
}

/** Measurements after which a worker's own pace counts. */
const paceWeight = 3
/** Measurements of other sizes are weaker evidence of the variance. */
const otherSizesFactor = 0.1
const mostOthersWeight = 2
/**
 * How wrong a forecast is while little was measured, of inputs like those that were: times of a thousandth with
 * weights.
 */
const guess: TimeSketch = mergeSketches(
  [
    [600, 0.2],
    [800, 0.5],
    [1000, 0.7],
    [1250, 0.4],
    [1700, 0.2],
  ].map(([ms, weight]) => scaleSketch(unit(), ms! / 1000, weight)),
)
/** Each class of size between an input and those that were measured makes it as much wronger. */
const widerPerClass = 0.35

/** Times of one thousandth: a ratio of 1. */
function unit(): TimeSketch {
  return scaleSketch([[0, 1]], 1000 / 0.1)
}

/**
 * Builds the model of a rung from its workers' reports; `undefined` when nothing is known of it, or not any more.
 * Pure.
 */
export function createServiceModel(reported: readonly RungTimes[], nowMs: number): ServiceModel | undefined {
  const faded = reported.map(times => ({ times, factor: fadeOver(nowMs - times.at) }))
  const sums = addSums(faded.map(({ times, factor }) => ({ sums: times.sums, factor })))
  const rates = sums.weight < leastWeight ? undefined : fitRates(sums)
  if (rates === undefined) return undefined
  const measuredAt = Math.max(...reported.map(({ at }) => at))
  const outputs = reported.map(times => times.outputs)
  const seenWeight = faded.reduce((sum, { times, factor }) => sum + times.sums.weight * factor, 0)
  const seenMs =
    faded.reduce((sum, { times, factor }) => sum + times.meanMs * times.sums.weight * factor, 0) / seenWeight
  const ratiosOf = ratiosByClass(reported, rates, nowMs)
  const forecast = ({ work, outputCap, outputTokens }: LegWork): ServiceForecast => {
    const output = outputCap === undefined ? 0 : expectedOutput(outputCap, outputs, outputTokens)
    const vector = workVectorOf(work, output)
    const unmeasuredMs = unmeasuredTimeBy(sums, rates, vector)
    const ms = timeBy(rates, vector) - Math.max(0, unmeasuredMs - mostUnmeasured * seenMs)
    const seen = outputCap === undefined ? sums.weight : measuredOutputs(outputCap, outputs)
    // How long answers under such caps are is a guess while there were few: no call is refused for it.
    const weight = isMeasuredKind(sums, rates, vector) ? Math.min(sums.weight, seen) : 0
    return {
      ...forecastOf(ms, ratiosOf(sizeClassOf(vector))),
      weight,
      measuredAt,
      ...(outputCap === undefined ? {} : { outputTokens: output }),
    }
  }
  /** A request is looked at when its rung is chosen, when it runs and when it has answered: its work stays the same. */
  const known = new WeakMap<Workload, Map<string, ServiceForecast>>()
  return {
    predict(leg) {
      const byCap = known.get(leg.work) ?? new Map<string, ServiceForecast>()
      known.set(leg.work, byCap)
      const name = `${leg.outputCap} ${leg.outputTokens}`
      const predicted = byCap.get(name) ?? forecast(leg)
      byCap.set(name, predicted)
      return predicted
    },
  }
}

/** What times a policy knows of a rung, at the size of input that they are of: stands in until it has run. */
export function guessService(task: Task, latencyMs: number, { work, outputTokens = 0 }: LegWork): ServiceForecast {
  const typical = sizeOf(workVectorOf(typicalWork(task, work), outputTokens))
  const ms = (latencyMs * sizeOf(workVectorOf(work, outputTokens))) / typical
  return { ...forecastOf(ms, guess), weight: 0 }
}

function forecastOf(ms: number, ratios: TimeSketch): Pick<ServiceForecast, 'meanMs' | 'deviationMs' | 'quantileMs'> {
  const { meanMs, deviationMs } = momentsOf(ratios)
  return {
    meanMs: (ms * meanMs) / 1000,
    deviationMs: (ms * deviationMs) / 1000,
    quantileMs: ratio => (ms * quantileOf(ratios, ratio)) / 1000,
  }
}

/** How often legs took how many times the time by `rates`, by class of size; each worker at its own pace. */
function ratiosByClass(
  reported: readonly RungTimes[],
  rates: WorkRates,
  nowMs: number,
): (sizeClass: number) => TimeSketch {
  const byClass = new Map<number, TimeSketch>()
  for (const times of reported) {
    const pace = paceOf(times, rates)
    for (const [name, sketch] of Object.entries(times.ratios)) {
      const sizeClass = Number(name)
      const own = scaleSketch(sketch, pace, fadeOver(nowMs - times.at))
      byClass.set(sizeClass, mergeSketches([byClass.get(sizeClass) ?? [], own]))
    }
  }
  const known = new Map<number, TimeSketch>()
  return sizeClass => {
    const sketch = known.get(sizeClass) ?? blend(byClass, sizeClass)
    known.set(sizeClass, sketch)
    return sketch
  }
}

function paceOf({ sums }: RungTimes, rates: WorkRates): number {
  const own = scaleOf(sums, rates) ?? 1
  return (own * sums.weight + paceWeight) / (sums.weight + paceWeight)
}

function blend(byClass: ReadonlyMap<number, TimeSketch>, sizeClass: number): TimeSketch {
  const own = byClass.get(sizeClass) ?? []
  const others = mergeSketches([...byClass].flatMap(([other, sketch]) => (other === sizeClass ? [] : [sketch])))
  const othersFactor = Math.min(otherSizesFactor, mostOthersWeight / Math.max(1, weightOf(others)))
  const measured = [...byClass].filter(([, sketch]) => weightOf(sketch) >= 1).map(([other]) => other)
  const away = measured.length === 0 ? 0 : Math.min(...measured.map(other => Math.abs(other - sizeClass)))
  const wide = 1 + widerPerClass * away
  const beside = mergeSketches([guess, scaleSketch(others, 1, othersFactor)])
  const widened = beside.map(([bucket, weight]) => [Math.round(centre + (bucket - centre) * wide), weight] as const)
  return mergeSketches([own, widened])
}

const centre = unit()[0]?.[0] ?? 0
