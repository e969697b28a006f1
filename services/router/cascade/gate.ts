import type { LegEnd, LegFailure, LegState } from '#services/state/cascade-log/cascade-log'
import { answerText, type Caveat, type DegradedReason, type RungReport, type Verdict } from '#services/contract/answer'
import type { Rung } from '#services/contract/model'
import type { Called, Estimate, Step } from '#services/decision/policy/policy'
import { applyBackpressure } from '#services/router/ladders/backpressure'
import { bestOf, isVoid, nextStep, type Situation } from '#services/router/ladders/next-step'
import type { CandidateRung, FilterName, GuidedLadder } from '#services/router/request/states'

/** What to do now. */
export type Move =
  | { readonly kind: 'call'; readonly rung: CandidateRung; readonly reason: string }
  | {
      readonly kind: 'deliver'
      readonly model: string
      readonly reason: string
      readonly degraded?: DegradedReason
      /** The rung that quality asked for and circumstance took out. */
      readonly missed?: CandidateRung
    }
  /** No rung is left and none gave an answer. */
  | { readonly kind: 'give-up' }

/**
 * The answers so far with a new one: how far each is trusted now, since a new answer may speak for or against those
 * before. It is the policy's calibrated probability; a pinned ladder and a fallback have none, so the model's own
 * word stands. What an answer is known to lack bounds both. Pure.
 */
export function trust(
  rung: string,
  end: LegEnd & { readonly kind: 'done' },
  { guided, estimate }: { readonly guided: GuidedLadder; readonly estimate: Estimate },
  before: readonly Called[],
): readonly Called[] {
  const { result, receipt } = end
  const text = answerText(result.output)
  const mostConfidence = Math.min(1, ...(result.caveats ?? []).map(caveat => caveat.mostConfidence))
  const called = {
    model: rung,
    rawConfidence: result.rawConfidence,
    signals: result.signals,
    answer: text,
    outputChars: text.length,
    confidence: Math.min(mostConfidence, result.rawConfidence),
    ...(mostConfidence < 1 && { mostConfidence }),
    costNanoUsd: receipt.costNanoUsd,
  }
  if (isFallback(rung, guided) || guided.policy === undefined) return [...before, called]
  const answers = [...before, called]
  const confidences = guided.policy.confidences(answers, estimate)
  return answers.map((one, index) => ({
    ...one,
    confidence: Math.min(one.mostConfidence ?? 1, confidences[index] ?? one.confidence),
  }))
}

/** What the gate is asked. `open` may be called now; `wanted` might be, were time, money and workers no matter. */
export interface GateInput extends Omit<Situation, 'open'> {
  readonly candidateRungs: readonly CandidateRung[]
  /** Rungs that were called, whatever came of it. */
  readonly tried: ReadonlySet<string>
  /** Why the last rung gave no answer; absent when it gave one. */
  readonly lastFailure?: LegFailure
}

/** What an answer lacks whose last escalation failed so. */
const failedBy: Readonly<Partial<Record<LegFailure, DegradedReason>>> = {
  expired: 'deadline',
  shed: 'overload',
  'no-worker': 'no_capacity',
}

/** Filters of circumstance: what they take out, quality may have asked for. */
const circumstance: Readonly<Partial<Record<FilterName, DegradedReason>>> = {
  cost: 'budget',
  deadline: 'deadline',
  workers: 'no_capacity',
  overload: 'overload',
}

/** What an answer lacks because a better rung failed so. */
export function degradedByFailure(failure: LegFailure | undefined): DegradedReason {
  return (failure === undefined ? undefined : failedBy[failure]) ?? 'rung_failed'
}

/** Decides the next move: on, or stop with which answer, and whether that is less than quality asked for. Pure. */
export function decide(input: GateInput): Move {
  const saved = input.called.find(one => isFallback(one.model, input.guided))
  if (saved !== undefined) return { kind: 'deliver', model: saved.model, ...savedByFallback }
  const untried = applyBackpressure(untriedOf(input, false), input)
  const open = untried.filter(one => one.removedBy === undefined)
  const spare = spareOf(input, open)
  if (spare !== undefined) return { kind: 'call', rung: spare, reason: 'the rungs before it failed' }
  const step = input.lastFailure === undefined ? nextStep({ ...input, open }) : afterFailure(input, open)
  if (step.kind === 'call') {
    const rung = open.find(one => one.rung.name === step.model)
    if (rung !== undefined) return { kind: 'call', rung, reason: step.reason }
  }
  const best = step.kind === 'stop' ? (find(input.called, step.model) ?? bestOf(input.called)) : bestOf(input.called)
  if (best === undefined) return { kind: 'give-up' }
  const lacks = isVoid(best) ? ({ degraded: 'rung_failed' } as const) : {}
  return { kind: 'deliver', model: best.model, reason: step.reason, ...lacks, ...degradedBy(input, untried, open) }
}

function untriedOf({ candidateRungs, tried }: GateInput, fallback: boolean): readonly CandidateRung[] {
  return candidateRungs.filter(({ rung }) => !tried.has(rung.name) && (rung.fallback ?? false) === fallback)
}

/** The fallback to call now: after a failure, when no other rung is left. */
function spareOf(input: GateInput, open: readonly CandidateRung[]): CandidateRung | undefined {
  const nothingSound = input.called.length > 0 && input.called.every(isVoid)
  if ((input.lastFailure === undefined && !nothingSound) || open.length > 0) return undefined
  return untriedOf(input, true).find(one => one.removedBy === undefined)
}

const savedByFallback = { reason: 'the fallback answered', degraded: 'rung_failed' } as const

function isFallback(rung: string, { ladder }: GuidedLadder): boolean {
  return ladder.rungs.some(one => one.name === rung && one.fallback === true)
}

/**
 * A failed rung has proven nothing of the answer, so the next open one is called unless an earlier answer satisfies
 * the policy.
 */
function afterFailure(input: GateInput, open: readonly CandidateRung[]): Step {
  const [first] = open
  const step = nextStep({ ...input, open })
  const hasAnswer = input.called.some(one => !isVoid(one))
  if (step.kind === 'call' || first === undefined || hasAnswer) return step
  return { kind: 'call', model: first.rung.name, reason: 'the rung before it failed' }
}

function degradedBy(
  input: GateInput,
  untried: readonly CandidateRung[],
  open: readonly CandidateRung[],
): { readonly degraded?: DegradedReason; readonly missed?: CandidateRung } {
  const wanted = untried.filter(one => one.removedBy === undefined || one.removedBy in circumstance)
  // Where circumstance took nothing out, quality asked for nothing else than what was decided.
  const step = wanted.length === open.length ? undefined : nextStep({ ...input, open: wanted })
  if (step?.kind === 'call') {
    const missed = wanted.find(one => one.rung.name === step.model)
    const degraded = missed?.removedBy === undefined ? undefined : circumstance[missed.removedBy]
    if (missed !== undefined && degraded !== undefined) return { degraded, missed }
  }
  return input.lastFailure === undefined ? {} : { degraded: degradedByFailure(input.lastFailure) }
}

function find(called: readonly Called[], model: string): Called | undefined {
  return called.find(one => one.model === model)
}

/** The reason of a verdict with what the answer is known to lack. */
export function withCaveats(reason: string, caveats: readonly Caveat[] = []): string {
  return [reason, ...caveats.map(caveat => caveat.note)].join('; ')
}

/** What a leg's end was found to be. */
export interface Finding {
  readonly verdict: Verdict
  readonly reason: string
  readonly confidence?: number | undefined
}

/** The finding on one leg, for the caller and the log. */
export function reportOf(rung: Rung, leg: LegState, end: LegEnd, finding: Finding): RungReport {
  const { verdict, reason, confidence } = finding
  return {
    model: rung.name,
    tier: rung.model.tier,
    verdict,
    reason,
    costNanoUsd: end.receipt.costNanoUsd,
    latencyMs: Math.max(0, end.receipt.endedAt - leg.plannedAt),
    usage: end.receipt.usage,
    ...(confidence === undefined ? {} : { confidence }),
  }
}
