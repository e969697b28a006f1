import { standardise } from './featurize.ts'
import type { Called, Estimate, Judged } from './policy.ts'
import type { Judge } from './policy-schema.ts'

type Signs = Readonly<Record<string, number>>

/**
 * Every sign by which an answer is judged: its confidence, its signals, its label where it is one, what was foreseen, and whether it
 * agrees with the answers before. Pure.
 */
export function signsOf(judged: Judged, estimate: Estimate, before: readonly Called[]): Signs {
  const last = before.at(-1)
  return {
    ...ownSigns(judged),
    foreseen_logit: logit(estimate.models[judged.model]?.quality ?? 0.5),
    ...agreementSigns(judged, before),
    ...(last === undefined ? {} : { before_logit: logit(last.confidence) }),
  }
}

/**
 * The signs by which the danger of accepting an answer is judged. They hold nothing that was fitted: neither what was foreseen nor
 * calibrated confidences, so that rows which certify a limit had no part in them. Pure.
 */
export function riskSignsOf(judged: Judged, estimate: Estimate, before: readonly Called[]): Signs {
  const last = before.at(-1)
  return {
    ...ownSigns(judged),
    ...agreementSigns(judged, before),
    ...(last?.rawConfidence === undefined ? {} : { before_raw_logit: logit(last.rawConfidence) }),
    ...named('input.', estimate.features),
  }
}

/** The signs by which it is judged what one more call would gain, given what was called. Pure. */
export function prospectSignsOf(called: readonly Called[], next: string, estimate: Estimate): Signs {
  const last = called.at(-1)
  if (last === undefined) return {}
  const best = called.reduce((top, one) => Math.max(top, one.confidence), 0)
  return {
    ...signsOf(last, estimate, called.slice(0, -1)),
    best_confidence: best,
    best_logit: logit(best),
    foreseen_next_logit: logit(estimate.models[next]?.quality ?? 0.5),
  }
}

/** What a judge says, in [0,1]: for an answer P(correct). Pure. */
export function judgeAnswer(judge: Judge, signs: Signs): number {
  const values = standardise(signs, judge)
  return logistic(values.reduce((sum, value, index) => sum + value * (judge.weights[index] ?? 0), judge.bias))
}

/** Signs of an answer by itself: the log of p and of 1 - p apart make it a beta calibration where nothing else is known. @source Kull, Silva Filho, Flach, Beta calibration (2017) */
function ownSigns(judged: Judged): Signs {
  const characters = judged.outputChars ?? judged.answer?.length
  const raw = judged.rawConfidence
  return {
    ...(raw === undefined
      ? {}
      : { confidence: raw, confidence_ln: Math.log(inside(raw)), doubt_ln: Math.log(1 - inside(raw)) }),
    ...(characters === undefined ? {} : { log_characters: Math.log1p(characters) }),
    ...labelSigns(judged),
    ...named('signal.', judged.signals ?? {}),
  }
}

/** An answer that is one of few labels has an offset and a slope of its own; ridge shrinks both towards those of all. */
function labelSigns({ answer, rawConfidence }: Judged): Signs {
  if (answer === undefined || answer.length > longestLabel) return {}
  const label = plain(answer)
  return label === ''
    ? {}
    : {
        [`=label.${label}`]: 1,
        ...(rawConfidence === undefined ? {} : { [`=slope.${label}`]: logit(rawConfidence) }),
      }
}

const longestLabel = 24

function agreementSigns(judged: Judged, before: readonly Called[]): Signs {
  const last = before.at(-1)
  if (last === undefined) return {}
  const agreeing = before.filter(one => agreement(one.answer, judged.answer) === 1).length
  const agrees = agreement(last.answer, judged.answer)
  return {
    agrees,
    agreeing: agreeing / before.length,
    agrees_logit: agrees * logit(last.rawConfidence ?? 0.5),
  }
}

/** 1 when two answers are the same but for case, space and punctuation, -1 when not. */
function agreement(a: string | undefined, b: string | undefined): number {
  return a !== undefined && b !== undefined && plain(a) === plain(b) ? 1 : -1
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')
}

function named(prefix: string, signs: Signs): Signs {
  return Object.fromEntries(Object.entries(signs).map(([name, value]) => [`${prefix}${name}`, value]))
}

/** Surer than this is not told apart: recorded confidences are rounded. */
function inside(probability: number): number {
  return Math.min(0.9999, Math.max(0.0001, probability))
}

function logit(probability: number): number {
  const p = inside(probability)
  return Math.log(p / (1 - p))
}

function logistic(value: number): number {
  return 1 / (1 + Math.exp(-value))
}
