import type { CascadeEnd, CascadePlan, CascadeRequest, LegState } from '#services/state/cascade-log/cascade-log'
import type { Answer, Caveat, RungReport, ToolCallDelta } from '#services/contract/answer'
import { isWords, wordsIn, type MediumKind, type Modality, type WordPart } from '#services/contract/content'
import type { RequestGuard } from '#services/contract/request'
import type { Evidence } from '#services/contract/retrieval/evidence'
import type { RequestId } from '#services/contract/ids'
import type { Ladder, Payers, Rung } from '#services/contract/model'
import type { NanoUsd } from '#services/contract/money'
import type { Price } from '#services/contract/price'
import type { InferenceRequest } from '#services/contract/request'
import type { Estimate, PartDescription, Policy, Step } from '#services/decision/policy/policy'
import type { SessionChoice } from '#services/state/sessions/session-store'
import type { Workload } from '#services/state/service-times/workload'
import type { HoldOrder } from '#services/state/ledger/ledger'

/** Who is calling, once the credential is authenticated. */
export interface Caller {
  readonly tenant: string
  /** Name of the credential, for logs; never the credential. */
  readonly credentialId: string
  /**
   * What authenticated it: nothing, a key of the configuration, a key of the store, a token. Absent for calls of the
   * router itself.
   */
  readonly credentialKind?: 'anonymous' | 'listed' | 'stored' | 'token'
  readonly scopes: readonly Scope[]
}

/** Scopes of a credential: call models, administer the deployment, observe it. */
export type Scope = 'infer' | 'admin' | 'console'

/** A request as it comes from the wire, of a caller that is known. */
export interface Incoming {
  readonly caller: Caller
  readonly request: InferenceRequest
  readonly mode: 'sync' | 'async'
  readonly arrivedAt: number
  /** Address and port of the client, which identifies its connections. */
  readonly connection?: string
  /** Epoch ms by which the client's own call ends, when it has such a limit. */
  readonly callDeadlineAt?: number
  readonly traceparent?: string
  readonly tracestate?: string
}

/** A part whose bytes are at hand and sound. */
export type CheckedPart =
  | WordPart
  | {
      readonly kind: MediumKind
      readonly cachePoint?: true
      readonly bytes: Uint8Array
      /** What the bytes say they are, such as `image/png`. */
      readonly mediaType: string
      /** Facts of the header: width, height, durationMs, sampleRateHz, channels; only those known. */
      readonly header: Readonly<Record<string, number>>
      /** Place of the medium that it is one of several views of. */
      readonly viewOf?: number
      /** What is known of that medium as a whole. */
      readonly wholeHeader?: Readonly<Record<string, number>>
    }

/** Words up to this size travel in the job; longer ones go by claim check, as media do. */
const inlineTextBytes = 16_384

/** Whether a part travels in the job itself. */
export function isInline(part: CheckedPart): boolean {
  return isWords(part) && Buffer.byteLength(wordsIn(part)) <= inlineTextBytes
}

/** Whether all parts are words, and together travel in the job itself. */
export function areInline(parts: readonly CheckedPart[]): boolean {
  const words = parts.filter(isWords)
  const bytes = words.reduce((sum, part) => sum + Buffer.byteLength(wordsIn(part)), 0)
  return words.length === parts.length && bytes <= inlineTextBytes
}

/** A ladder with the policy that decides on it; a pinned ladder has no policy and one rung. */
export interface GuidedLadder {
  readonly ladder: Ladder
  readonly policy?: Policy
  /** Why a conversation begins at the rung that answered it before; absent where the policy's own first step stands. */
  readonly beginsSince?: string
}

/** The request is sound, its caller known, its deadline absolute. Only `admit` makes one. */
export interface Admitted {
  readonly requestId: RequestId
  readonly caller: Caller
  readonly request: InferenceRequest
  readonly parts: readonly CheckedPart[]
  readonly modalities: readonly Modality[]
  /** The kinds of views of a medium among its parts: a rung is sent those that it takes. */
  readonly views?: readonly Modality[]
  /** What every answer to it is known to lack. */
  readonly caveats?: readonly Caveat[]
  /** What was found for it and stands among its parts; absent where nothing was looked for. */
  readonly evidence?: Evidence
  readonly mode: 'sync' | 'async'
  readonly submittedAt: number
  /** Epoch ms by which its caller wants the answer. */
  readonly deadlineAt: number
  /** Epoch ms by which the run itself ends, where that is later: with an idempotency key it outlives its caller. */
  readonly runDeadlineAt?: number
  readonly traceparent?: string
  readonly tracestate?: string
  /** What guardrails made of it; absent where none is in force. */
  readonly guard?: RequestGuard
}

/** The request as its caller wrote it. */
export function withoutEvidence<State extends Admitted>(admitted: State): State {
  const { evidence, parts, request } = admitted
  if (evidence === undefined) return admitted
  let from = 0
  const messages = request.messages?.map(span => {
    const isHere = evidence.place >= from && evidence.place < from + span.parts
    from += span.parts
    return isHere ? { ...span, parts: span.parts - 1 } : span
  })
  return {
    ...admitted,
    parts: parts.filter((_, at) => at !== evidence.place),
    request: messages === undefined ? request : { ...request, messages },
  }
}

/** When the run of a request ends at the latest. */
export function runDeadlineOf({ deadlineAt, runDeadlineAt = deadlineAt }: Admitted): number {
  return runDeadlineAt
}

/** Its difficulty is estimated. Only `assess` makes one. */
export interface Assessed extends Admitted {
  readonly guided: GuidedLadder
  /** The parts as estimators see them; empty where nothing estimates. */
  readonly described: readonly PartDescription[]
  readonly estimate: Estimate
  readonly assessMs: number
  /** What answered the turn before, where it is a conversation that is known. */
  readonly session?: SessionChoice
  /** The rung that the ladder is locked to, within a loop of tools. */
  readonly lockedTo?: string
}

/** A rung with what is predicted of it now, and the filter that took it out, if one did. */
export interface CandidateRung {
  readonly rung: Rung
  /** Most expensive that the leg can get: what is reserved for it. */
  readonly reserveNanoUsd: NanoUsd
  /** The price that is in force. */
  readonly price?: Price
  readonly predictedQuality?: number
  /** Absent where the model has no price. */
  readonly predictedCostNanoUsd?: NanoUsd
  readonly predictedLatencyMs?: number
  /** The mean of the same. */
  readonly predictedMeanMs?: number
  readonly predictedWaitMs: number
  /** Time from now to the leg's end that it keeps with the chance asked for: wait, service and a margin. */
  readonly neededMs: number
  /** The same with a chance that is as good as sure; absent where its service time was never measured. */
  readonly sureMs?: number
  /** Epoch ms of the newest measurement of its service time. */
  readonly measuredAt?: number
  /** Computing time that the reserve covers. */
  readonly reservedComputeMs?: number
  /** What calling it must gain in quality, in [0,1], because its pool is short: 0 while it is not. */
  readonly overloadPrice?: number
  readonly removedBy?: FilterName
  readonly removedWhy?: string
}

/** Whether a rung was taken out for want of workers alone: with enough of them, `leftMs` would do. */
export function lacksCapacity(
  { removedBy, predictedLatencyMs = 0, predictedWaitMs }: CandidateRung,
  leftMs: number,
): boolean {
  if (removedBy === 'workers') return true
  return removedBy === 'deadline' && predictedWaitMs > 0 && predictedLatencyMs <= leftMs
}

/** Every filter that can take a rung out. */
export type FilterName = (typeof filterNames)[number]

/** All of them. */
export const filterNames = [
  'pin',
  'modality',
  'capability',
  'adapter',
  'price',
  'workers',
  'deadline',
  'cost',
  'overload',
] as const

/** An answer must leave the router before the caller's own clock runs out: time for one hop and one write. */
export const deliveryMarginMs = 15

/** The ladder is cut to what may be called, and the first step is decided, but not taken. Only `choose` makes one. */
export interface Chosen extends Assessed {
  readonly work: Workload
  readonly candidateRungs: readonly CandidateRung[]
  readonly firstStep: Step
  /** Most expensive path that the ladder may take. */
  readonly reserveNanoUsd: NanoUsd
  /** Most tokens that the leg which takes most of them can use. */
  readonly mostTokens: number
}

declare const held: unique symbol

/**
 * The money for the worst-case path is held, or is to be held as the first leg is dispatched. Only `reserve` makes one,
 * so work without a hold does not compile.
 */
export interface Reserved extends Chosen {
  readonly holdId: string
  readonly payers: Payers
  /** What dispatching the first leg has to hold; absent where the money is held. */
  readonly hold?: HoldOrder
  readonly [held]: true
}

/** The cascade is over and its end is in the log. Only a cascade run makes one. */
export interface Finished {
  readonly requestId: RequestId
  readonly request: CascadeRequest
  readonly plan: CascadePlan
  readonly legs: readonly LegState[]
  readonly end: CascadeEnd
  readonly endedAt: number
}

/** Stamps a chosen request as paid for; for `reserve` alone. */
export function markReserved(chosen: Chosen, holdId: string, payers: Payers, hold?: HoldOrder): Reserved {
  return { ...chosen, holdId, payers, ...(hold === undefined ? {} : { hold }) } as Reserved
}

/** A piece of a call of a tool. */
export interface ToolCallEvent extends ToolCallDelta {
  readonly kind: 'tool-call'
  readonly model: string
  readonly optimistic: boolean
}

/** What happens on a cascade, for a caller who watches. */
export type CascadeEvent =
  | { readonly kind: 'decided'; readonly chosen: Chosen }
  /** An answer that was given before is given again: nothing is decided. */
  | { readonly kind: 'found'; readonly requestId: RequestId; readonly answer: Answer }
  | { readonly kind: 'rung-started'; readonly model: string; readonly tier: string }
  /** A piece of text, or of what the model thinks before. */
  | {
      readonly kind: 'delta' | 'reasoning'
      readonly model: string
      readonly text: string
      readonly optimistic: boolean
    }
  | ToolCallEvent
  | { readonly kind: 'rung-finished'; readonly report: RungReport }

/** Takes events one by one; resolves when the caller has taken it, so that a slow one slows the model. */
export type EmitEvent = (event: CascadeEvent) => Promise<void>
