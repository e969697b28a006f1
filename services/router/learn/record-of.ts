import { createHash, randomBytes } from 'node:crypto'
import type { LegEnd } from '#services/state/cascade-log/cascade-log'
import { answerText, type Output } from '#services/contract/answer'
import { isWords, wordsIn } from '#services/contract/content'
import type { OutcomeRecord, RungOutcome } from '#services/state/outcomes/outcome-record'
import { comparable } from '#services/decision/answers/same-answer'
import { ground } from '#services/decision/grounding/ground'
import type { Finished } from '#services/router/request/states'

/** A score and where it is from. */
export interface Scored {
  readonly score: number
  readonly scoreBy: NonNullable<RungOutcome['scoreBy']>
}

/** What a record is made of beside the cascade. */
export interface RecordInput {
  readonly source: OutcomeRecord['source']
  /** Every rung of the ladder, from cheap to expensive. */
  readonly ladderRungs: readonly string[]
  readonly at: number
  /** Whether the caller's words may be kept. */
  readonly keepContent: boolean
  /** How good an answer was; `undefined` where that is not known. */
  readonly scoreOf: (rung: string, output: Output) => Scored | undefined
  /** Rungs that were called beside the cascade. */
  readonly beside?: readonly AnsweredRung[]
}

/** A rung with its answer. */
export interface AnsweredRung {
  readonly rung: string
  readonly end: LegEnd & { readonly kind: 'done' }
  readonly confidence: number
}

/** More of a text teaches nothing: features and hashed words read less. */
const longestText = 8192

/**
 * Makes the record of a cascade that was answered; of the answers themselves it keeps which agree, and the labels of
 * trained sets.
 */
export function recordOf(finished: Finished, delivered: string, input: RecordInput): OutcomeRecord {
  const { request, plan } = finished
  const salt = randomBytes(16)
  const rungs = [...answeredRungs(finished), ...(input.beside ?? [])].map(({ rung, end, confidence }) => {
    const { output, rawConfidence, signals } = end.result
    return [
      rung,
      {
        rawConfidence,
        confidence,
        signals: { ...signals, ...groundingOf(finished, output) },
        answer: answerOf(finished, output, salt),
        outputChars: answerText(output).length,
        costNanoUsd: end.receipt.costNanoUsd,
        latencyMs: end.receipt.endedAt - end.receipt.startedAt,
        ...input.scoreOf(rung, output),
      },
    ] as const
  })
  const text = input.keepContent ? textOf(request.parts) : undefined
  return {
    version: 1,
    requestId: finished.requestId,
    at: input.at,
    task: request.task,
    ladder: plan.ladder,
    ladderRungs: [...input.ladderRungs],
    policyVersion: plan.policyVersion,
    source: input.source,
    delivered,
    features: featuresOf(plan.estimate),
    labels: { ...request.labels },
    rungs: Object.fromEntries(rungs),
    ...(text === undefined ? {} : { text }),
  }
}

/** The rungs of a cascade that gave an answer, in the order in which they were called. */
export function answeredRungs({ legs, end }: Finished): readonly AnsweredRung[] {
  const reports = end.kind === 'answered' ? end.answer.rungs : end.rungs
  return legs.flatMap(({ rung, end: legEnd }) => {
    if (legEnd?.kind !== 'done') return []
    const confidence = reports.find(report => report.model === rung)?.confidence ?? legEnd.result.rawConfidence
    return { rung, end: legEnd, confidence }
  })
}

/**
 * A label of a trained set is one of few and says nothing of the content; anything else is told only as equal or
 * not.
 */
function answerOf({ request }: Finished, output: Output, salt: Uint8Array): string {
  const text = comparable(request.task, output) ?? ''
  if (request.options.labelSet !== undefined && output.kind === 'labels') return text
  return createHash('sha256').update(salt).update(text).digest('hex').slice(0, 32)
}

function groundingOf({ request: { evidence } }: Finished, output: Output): Readonly<Record<string, number>> {
  return evidence === undefined ? {} : ground(answerText(output), evidence).signals
}

function textOf(parts: Finished['request']['parts']): string | undefined {
  const texts = parts.flatMap(part => (isWords(part) ? wordsIn(part) : []))
  return texts.length === 0 ? undefined : texts.join('\n').slice(0, longestText)
}

/** The estimate in a plan is JSON; what is no number in it is no feature. */
function featuresOf(estimate: unknown): Record<string, number> {
  const features: unknown = (estimate as { features?: unknown } | null)?.features ?? {}
  return Object.fromEntries(
    Object.entries(features as object).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  )
}
