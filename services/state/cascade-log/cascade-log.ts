import type { Caveat, Answer, LegResult, RungReport } from '#services/contract/answer'
import type { Task, TaskOptions } from '#services/contract/content'
import type { MessageSpan } from '#services/contract/conversation'
import type { ErrorCode } from '#services/contract/errors'
import type { RequestGuard } from '#services/contract/request'
import type { Evidence } from '#services/contract/retrieval/evidence'
import type { LegId, RequestId } from '#services/contract/ids'
import type { LegPurpose, Payers } from '#services/contract/model'
import type { NanoUsd } from '#services/contract/money'
import type { Price, Usage } from '#services/contract/price'
import type { Workload } from '#services/state/service-times/workload'
import type { PartReference } from '#services/state/queue/job'

/** What was asked, kept so that any router can go on with it. */
export interface CascadeRequest {
  readonly requestId: RequestId
  readonly tenant: string
  /** `sync` has a caller waiting on one router; `async` is a job. */
  readonly mode: 'sync' | 'async'
  /** True when a repeated call with the same key may still come for the answer. */
  readonly idempotent: boolean
  readonly task: Task
  readonly options: TaskOptions
  readonly parts: readonly PartReference[]
  readonly messages?: readonly MessageSpan[]
  /** What was found for it and stands among its parts. */
  readonly evidence?: Evidence
  /** What every answer to it is known to lack. */
  readonly caveats?: readonly Caveat[]
  /** How much work the parts are. */
  readonly work: Workload
  readonly constraints: CascadeConstraints
  readonly labels: Readonly<Record<string, string>>
  readonly sessionKey?: string
  /** What guardrails before made of it, for those after. */
  readonly guard?: RequestGuard
  readonly submittedAt: number
  readonly deadlineAt: number
  /** Epoch ms by which the first caller wants an answer, where the run may go on for longer. */
  readonly answerBy?: number
  readonly traceparent?: string
  readonly tracestate?: string
}

/** The caller's limits in force for the cascade. */
export interface CascadeConstraints {
  readonly maxCostNanoUsd?: NanoUsd
  readonly maxRisk?: number
  readonly minQuality?: number
  readonly model?: string
  readonly tier?: string
  readonly adapter?: string
  readonly priority: 'interactive' | 'normal' | 'batch' | 'sheddable'
}

/** What was decided before the first leg; a router that takes over needs no second opinion. */
export interface CascadePlan {
  readonly ladder: string
  readonly policyVersion: string
  /** The policy's estimate, as JSON. */
  readonly estimate: unknown
  /** Names of the rungs that are paid for, from cheap to expensive, with what a leg on each may cost at most. */
  readonly rungs: readonly PlannedRung[]
  /** Rungs of the ladder that no money is held for, with the filter that left each out and its words. */
  readonly leftOut?: readonly { readonly name: string; readonly by: string; readonly why: string }[]
  /** Name of the hold in the ledger. */
  readonly holdId: string
  /** What was held: legs together may not pass it. */
  readonly heldNanoUsd: NanoUsd
  /** Who pays for legs beside the answer's; the tenant where nothing is said. */
  readonly payers?: Payers
}

/** A rung that money is held for. */
export interface PlannedRung {
  readonly name: string
  readonly reserveNanoUsd: NanoUsd
  /** Computing time that the reserve covers. */
  readonly computeMs?: number
  /** Fixed when the money was held: later price lists change nothing. */
  readonly price?: Price
}

/** How a leg ended. Exactly one end is kept for each leg. */
export type LegEnd =
  | { readonly kind: 'done'; readonly result: LegResult; readonly receipt: Receipt }
  | { readonly kind: 'failed'; readonly reason: LegFailure; readonly message: string; readonly receipt: Receipt }

/** Why a leg gave no result: a closed set, for verdicts and labels. `message` beside it holds no content. */
export type LegFailure =
  | 'expired'
  | 'cancelled'
  | 'bad-input'
  | 'model-error'
  | 'upstream-error'
  /** The server refused the request, and no second try mends it. */
  | 'upstream-refused'
  /** The server's address, its name of the model or the key is wrong. */
  | 'upstream-misconfigured'
  | 'content-filter'
  /** The model refuses to answer. */
  | 'model-refused'
  | 'context-overflow'
  | 'payload-lost'
  | 'poison'
  /** It had to make room in a full queue. */
  | 'shed'
  /** Every worker of its pool has left. */
  | 'no-worker'
  | 'bug'

/** What a leg used and cost, written in one step with its end. */
export interface Receipt {
  readonly usage: Usage
  readonly costNanoUsd: NanoUsd
  readonly workerId: string
  readonly attempt: number
  readonly startedAt: number
  readonly endedAt: number
}

/** A leg as the log knows it. */
export interface LegState {
  readonly index: number
  readonly rung: string
  readonly pool: string
  readonly plannedAt: number
  /** Highest attempt begun; 0 while it waits. */
  readonly attempt: number
  readonly workerId?: string
  /** What it is run for; the answer when absent. */
  readonly purpose?: LegPurpose
  /** What attempts that lost the leg say they have cost, by attempt. */
  readonly lost?: Readonly<Record<number, NanoUsd>>
  readonly end?: LegEnd
  /** The gate's finding, once a router has judged the end. */
  readonly report?: RungReport
}

/** How a cascade ended. */
export type CascadeEnd =
  | { readonly kind: 'answered'; readonly answer: Answer }
  | {
      readonly kind: 'failed'
      readonly code: ErrorCode
      readonly message: string
      /** Closed word for machines, such as `CONTENT_FILTER`. */
      readonly reason?: string
      readonly rungs: readonly RungReport[]
      /** Kept for an operator to replay. */
      readonly dead: boolean
    }
  | { readonly kind: 'cancelled'; readonly rungs: readonly RungReport[] }

/** A whole cascade as the log knows it. */
export interface CascadeState {
  readonly request: CascadeRequest
  readonly plan: CascadePlan
  readonly legs: readonly LegState[]
  /** The router that may move the cascade on, until `leaseUntil`; `epoch` fences those before it. */
  readonly owner: string
  readonly epoch: number
  readonly leaseUntil: number
  readonly cancelled: boolean
  readonly end?: CascadeEnd
  readonly endedAt?: number
  /** Grows with every change, for watchers. */
  readonly revision: number
}

/** What a worker is told when it wants to begin a leg. */
export type BeginLeg =
  | { readonly kind: 'run'; readonly attempt: number }
  /** The leg has ended: notify the router again, do not run it. */
  | { readonly kind: 'ended'; readonly attempt: number }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'expired' }
  /** Begun too often without an end. */
  | { readonly kind: 'poison'; readonly attempt: number }
  /** The cascade is gone. */
  | { readonly kind: 'gone' }

/** The memory of every cascade, in Redis: one slot a cascade, every change one atomic step. */
export interface CascadeLog {
  /** Starts a cascade with its first leg planned, owned by `owner` at epoch 1. False when it exists. */
  open(request: CascadeRequest, plan: CascadePlan, firstLeg: PlannedLeg, owner: Owner): Promise<boolean>
  /**
   * Makes sure that a cascade which is not there will not be opened by a command that is still on its way. False when
   * there is one.
   */
  forbid(requestId: RequestId): Promise<boolean>
  /** Plans the next leg. Idempotent by index. False when this epoch is fenced, or the cascade is over or cancelled. */
  planLeg(requestId: RequestId, leg: PlannedLeg, epoch: number): Promise<boolean>
  /** A worker asks to run a leg; counts the attempt. */
  beginLeg(legId: LegId, workerId: string, nowMs: number): Promise<BeginLeg>
  /**
   * Writes a leg's end and receipt; again by the same attempt changes nothing. `fenced` when a later attempt has
   * begun: what it cost is then kept beside the leg.
   */
  endLeg(legId: LegId, attempt: number, end: LegEnd, notice?: EndNotice): Promise<'recorded' | 'fenced' | 'gone'>
  /**
   * Ends a leg whose worker is lost, in that worker's place: the end's receipt is of the attempt after the one that
   * is lost, so that what the worker still says of it is fenced. False when it has ended, another attempt has
   * begun, or the epoch is fenced.
   */
  abandonLeg(legId: LegId, lostAttempt: number, end: LegEnd, epoch: number): Promise<boolean>
  /** Keeps what an attempt has cost that lost its leg, whether another has begun it yet or not. Ends nothing. */
  leaveReceipt(legId: LegId, attempt: number, costNanoUsd: NanoUsd): Promise<void>
  /** Keeps the gate's finding on a leg. False when fenced. */
  recordVerdict(requestId: RequestId, index: number, report: RungReport, epoch: number): Promise<boolean>
  /** Ends the cascade, once. False when fenced or ended before. */
  finish(requestId: RequestId, end: CascadeEnd, epoch: number, nowMs: number): Promise<boolean>
  /**
   * Marks a cascade as unwanted; the legs that may still wait or run are returned. `undefined` when there is none or
   * it has ended.
   */
  cancel(requestId: RequestId): Promise<readonly LegState[] | undefined>
  read(requestId: RequestId): Promise<CascadeState | undefined>
  /** Reads many with one round trip; unknown ones are `undefined`. */
  readMany(requestIds: readonly RequestId[]): Promise<readonly (CascadeState | undefined)[]>
  /** Keeps this router's leases; the ids that it does not own any more are returned. */
  renew(requestIds: readonly RequestId[], owner: Owner): Promise<readonly RequestId[]>
  /** Takes over cascades whose lease is past (at most `limit`), each at a new epoch. */
  takeOver(owner: Owner, nowMs: number, limit: number): Promise<readonly CascadeState[]>
  /**
   * Books a key: the id it is bound to, which is `requestId` when it was free. The fingerprint is that of the
   * content first bound.
   */
  bindKey(
    tenant: string,
    key: string,
    requestId: RequestId,
    fingerprint: string,
  ): Promise<{ readonly requestId: RequestId; readonly fingerprint: string }>
  /** Frees a key that was bound to this request: it was never opened, or its end does not keep the key. */
  releaseKey(tenant: string, key: string, requestId: RequestId): Promise<void>
  listDead(options: { readonly limit: number; readonly before?: string }): Promise<readonly CascadeState[]>
  discardDead(requestId: RequestId): Promise<boolean>
}

/** A message that is sent in the step that writes a leg's end, if that is recorded. */
export interface EndNotice {
  /** Stream of the reader's box. */
  readonly boxKey: string
  readonly mostUnread: number
  /** The message as JSON up to its end, without the closing brace. */
  readonly head: string
  /** An end of more bytes does not go along. */
  readonly longestEndBytes: number
}

/** A leg about to be queued. */
export interface PlannedLeg {
  readonly index: number
  readonly rung: string
  readonly pool: string
  readonly plannedAt: number
  readonly purpose?: LegPurpose
}

/** A router and how long it may keep a cascade without renewing. */
export interface Owner {
  readonly name: string
  readonly leaseUntil: number
}
