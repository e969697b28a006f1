import { createTimeRecorder, fadeOver, type TimeRecorder, type TimeSketch } from './time-sketch.ts'
import {
  addMeasurement,
  fitRates,
  noSums,
  scaleSums,
  timeBy,
  unmeasuredTimeBy,
  type WorkRates,
  type WorkSums,
} from './work-regression.ts'
import { sizeOf, workVectorOf, type Workload, type WorkVector } from './workload.ts'

/** What one rung took lately at one worker, as its heartbeat tells it. */
export interface RungTimes {
  /** Epoch ms of the newest measurement; all weights are as they were then. */
  readonly at: number
  /** How time grows with work. */
  readonly sums: WorkSums
  /** Mean of what was measured, whatever the work. */
  readonly meanMs: number
  /** By class of size: how often a leg took how many times as long as was expected of it, as times of a thousandth. */
  readonly ratios: Readonly<Record<string, TimeSketch>>
  /** By class of the cap on output: measurements, and output tokens in all. */
  readonly outputs: Readonly<Record<string, readonly [weight: number, tokens: number]>>
}

/** What rungs took lately, by name. */
export type ServiceTimes = Readonly<Record<string, RungTimes>>

/** A leg that was measured. */
export interface MeasuredLeg {
  readonly work: Workload
  /** The most output tokens that it could have; absent where they are not waited for one by one. */
  readonly outputCap?: number | undefined
  readonly outputTokens?: number | undefined
  /** How long it was at work, waits for its turn and the work of others left out. */
  readonly serviceMs: number
  /** It was stopped, and would have taken longer. */
  readonly stopped?: boolean
}

/** Keeps what the rungs of a worker took. */
export interface ServiceTimesRecorder {
  add(rung: string, leg: MeasuredLeg): void
  times(): ServiceTimes
}

/** Each class holds inputs of four times the size of the one before. */
export function sizeClassOf(vector: WorkVector): number {
  return Math.floor(Math.log2(Math.max(1, sizeOf(vector))) / 2)
}

/** Each class holds caps of four times the one before. */
function capClassOf(outputCap: number): string {
  return String(Math.floor(Math.log2(Math.max(1, outputCap)) / 2))
}

/**
 * A leg that was stopped would have gone on: it counts as this much longer, and not at all where more was expected
 * of it anyway.
 */
const stoppedFactor = 1.25
/** Of each measurement on, those before weigh this much less: enough to fit by, few enough to follow a change. */
const keepEach = 1 - 1 / 150
/** One outlier moves a fit by no more than this factor; a change that stays is followed in steps of it. */
const mostSurprise = 3
/** Before so many measurements a fit is thin: its prediction may be wrong by any factor. */
const surprisedFrom = 4
/** One that took many times what was expected counts as so many times, so that one of few does not make the mean. */
const mostRatio = 10
/**
 * Measurements that a much shorter one refutes while the fit is thin weigh so much: a first leg waits for its model
 * to be loaded.
 */
const refutedFactor = 0.05

interface Kept {
  at: number
  sums: WorkSums
  totalMs: number
  rates: WorkRates | undefined
  readonly ratios: Map<number, TimeRecorder>
  readonly outputs: Map<string, readonly [number, number]>
}

/** Makes a recorder. */
export function createServiceTimesRecorder(now: () => number): ServiceTimesRecorder {
  const rungs = new Map<string, Kept>()
  return {
    add(rung, leg) {
      const kept = rungs.get(rung) ?? {
        at: now(),
        sums: noSums,
        totalMs: 0,
        rates: undefined,
        ratios: new Map(),
        outputs: new Map(),
      }
      rungs.set(rung, kept)
      addLeg(kept, leg, now())
    },
    times: () => Object.fromEntries([...rungs].map(([rung, kept]) => [rung, timesOf(kept)])),
  }
}

function addLeg(kept: Kept, leg: MeasuredLeg, nowMs: number): void {
  const predicted = workVectorOf(leg.work, expectedTokensOf(leg, kept))
  const expectedMs = kept.rates === undefined ? undefined : Math.max(leastMs, timeBy(kept.rates, predicted))
  const serviceMs = Math.max(leastMs, leg.stopped === true ? leg.serviceMs * stoppedFactor : leg.serviceMs)
  // A leg that was stopped early gives no measurement.
  if (leg.stopped === true && serviceMs <= (expectedMs ?? 0)) return
  if (expectedMs !== undefined) addRatio(kept, predicted, serviceMs / expectedMs, nowMs)
  const outputTokens = leg.stopped === true ? undefined : leg.outputTokens
  if (leg.outputCap === undefined || outputTokens === undefined) return addTime(kept, predicted, serviceMs, nowMs)
  addTime(kept, workVectorOf(leg.work, outputTokens), serviceMs, nowMs)
  addOutput(kept, leg.outputCap, outputTokens)
}

function expectedTokensOf({ outputCap }: MeasuredLeg, { outputs }: Kept): number {
  return outputCap === undefined ? 0 : expectedOutput(outputCap, [Object.fromEntries(outputs)])
}

function addRatio(kept: Kept, predicted: WorkVector, ratio: number, nowMs: number): void {
  const sizeClass = sizeClassOf(predicted)
  const recorder = kept.ratios.get(sizeClass) ?? createTimeRecorder()
  kept.ratios.set(sizeClass, recorder)
  const most = isSettledFor(kept, predicted) ? mostRatio : mostSurprise
  recorder.add(Math.min(most, Math.max(1 / most, ratio)) * 1000, nowMs)
}

function addTime(kept: Kept, vector: WorkVector, serviceMs: number, nowMs: number): void {
  const keep = keepEach * fadeOver(nowMs - kept.at)
  const isKnown = kept.rates !== undefined && isMeasuredKind(kept.sums, kept.rates, vector)
  const fitted = isKnown ? Math.max(leastMs, timeBy(kept.rates!, vector)) : serviceMs
  const isSettled = kept.sums.weight * keep >= surprisedFrom
  if (isKnown && !isSettled) revise(kept, fitted, serviceMs)
  const expectedMs = isSettled ? fitted : Math.max(fitted, serviceMs / mostSurprise)
  const ms = isSettled ? Math.min(fitted * mostSurprise, Math.max(fitted / mostSurprise, serviceMs)) : serviceMs
  kept.sums = addMeasurement(kept.sums, vector, { ms, expectedMs, keep })
  kept.totalMs = kept.totalMs * keep + serviceMs
  kept.rates = fitRates(kept.sums)
  kept.at = nowMs
}

/** Makes a thin fit give way to a measurement that is far from it. */
function revise(kept: Kept, fitted: number, serviceMs: number): void {
  const seenMs = kept.totalMs / Math.max(1, kept.sums.weight)
  if (serviceMs * mostSurprise < Math.min(fitted, seenMs)) {
    kept.sums = scaleSums(kept.sums, refutedFactor)
    kept.totalMs *= refutedFactor
  } else if (serviceMs > fitted * mostSurprise) {
    // Weights are by expected times: those of far shorter legs would outweigh all that come.
    kept.sums = scaleSums(kept.sums, 1, serviceMs / (fitted * mostSurprise))
  }
}

function isSettledFor({ sums, rates }: Kept, vector: WorkVector): boolean {
  return sums.weight >= surprisedFrom && rates !== undefined && isMeasuredKind(sums, rates, vector)
}

/** Whether more than half of the predicted time is for kinds of work that were measured. */
export function isMeasuredKind(sums: WorkSums, rates: WorkRates, vector: WorkVector): boolean {
  return unmeasuredTimeBy(sums, rates, vector) * 2 < timeBy(rates, vector)
}

function addOutput({ outputs }: Kept, outputCap: number, outputTokens: number): void {
  const name = capClassOf(outputCap)
  const [weight, tokens] = outputs.get(name) ?? [0, 0]
  outputs.set(name, [weight * keepEach + 1, tokens * keepEach + outputTokens])
}

/** Less than this cannot be told from nothing. */
const leastMs = 0.1

function timesOf(kept: Kept): RungTimes {
  return {
    at: kept.at,
    sums: rounded(kept.sums),
    meanMs: short(kept.totalMs / Math.max(1, kept.sums.weight)),
    ratios: Object.fromEntries([...kept.ratios].map(([sizeClass, recorder]) => [sizeClass, recorder.sketch(kept.at)])),
    outputs: Object.fromEntries(
      [...kept.outputs].map(([name, [weight, tokens]]) => [name, [short(weight), short(tokens)]]),
    ),
  }
}

/** Heartbeats are read by every router twice a second. */
function rounded({ weight, gram, moment }: WorkSums): WorkSums {
  return { weight: short(weight), gram: gram.map(short), moment: moment.map(short) }
}

function short(value: number): number {
  return Number(value.toPrecision(7))
}

/**
 * Share of its cap that an answer is taken to be long while nothing says more: most are shorter, and what is too long
 * is learnt at once.
 */
const unseenShare = 0.5
/**
 * So many measurements weigh as much as the guess: a first short answer says more of the next than what answers of
 * all models have.
 */
const guessWeight = 0.1

/**
 * The output tokens to be expected under a cap: what answers under caps of that size had. Before there are such, it
 * leans to the long side: on `guess` or a share of the cap while nothing was measured, and on the share that answers
 * under other caps had of theirs, where those are smaller.
 */
export function expectedOutput(outputCap: number, outputs: readonly RungTimes['outputs'][], guess?: number): number {
  const classes = outputs.flatMap(byClass => Object.entries(byClass))
  const name = capClassOf(outputCap)
  const own = sumOf(classes.flatMap(([other, sums]) => (other === name ? [sums] : [])))
  const unseen = unseenOutput(outputCap, classes, guess)
  return Math.min(outputCap, (unseen * guessWeight + own[1]) / (guessWeight + own[0]))
}

/** Answers under caps of this size that were measured. */
export function measuredOutputs(outputCap: number, outputs: readonly RungTimes['outputs'][]): number {
  const name = capClassOf(outputCap)
  return sumOf(outputs.flatMap(byClass => (byClass[name] === undefined ? [] : [byClass[name]])))[0]
}

type CapClass = readonly [name: string, sums: readonly [weight: number, tokens: number]]

function unseenOutput(outputCap: number, classes: readonly CapClass[], guess = unseenShare * outputCap): number {
  const all = sumOf(classes.map(([, sums]) => sums))
  const usual = (guess * guessWeight + all[1]) / (guessWeight + all[0])
  const smaller = classes.filter(([name]) => Number(name) < Number(capClassOf(outputCap)))
  const room = smaller.reduce((sum, [name, [weight]]) => sum + weight * middleOf(name), 0)
  const share = room === 0 ? 0 : sumOf(smaller.map(([, sums]) => sums))[1] / room
  return Math.max(usual, Math.min(1, share) * outputCap)
}

/** A cap in the middle of its class. */
function middleOf(capClass: string): number {
  return 2 * 4 ** Number(capClass)
}

function sumOf(all: readonly (readonly [number, number])[]): readonly [weight: number, tokens: number] {
  return [all.reduce((total, [weight]) => total + weight, 0), all.reduce((total, [, tokens]) => total + tokens, 0)]
}
