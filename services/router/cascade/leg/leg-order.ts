import type { CascadeLog, LegEnd, Owner } from '#services/state/cascade-log/cascade-log'
import type { BegunLeg } from '#services/backends/leg/leg-end'
import type { ExpressLegs } from '#services/state/dispatch/express-legs'
import type { Dispatch } from '#services/state/dispatch/dispatch'
import type { Clock } from '#services/contract/clock'
import type { LegId, RequestId } from '#services/contract/ids'
import type { Rung } from '#services/contract/model'
import type { NanoUsd } from '#services/contract/money'
import type { ReplySender } from '#services/state/replies/reply-stream'
import type { Job } from '#services/state/queue/job'
import type { JobProducer } from '#services/state/queue/pool-queue'
import type { Tracer } from '#services/platform/telemetry/tracer'
import type { Cascade } from '../cascade.ts'
import type { DeltaPiece, PendingLegs } from './pending-legs.ts'
import type { TextRelay } from './text-relay.ts'

/** What running a leg needs. */
export interface RunLegDependencies {
  readonly cascadeLog: CascadeLog
  readonly queue: JobProducer
  readonly dispatch: Dispatch
  /** This router, as the owner of the cascades that it opens. */
  readonly owner: () => Owner
  readonly replySender: ReplySender
  readonly pendingLegs: PendingLegs
  readonly clock: Clock
  /** Predicts how long a leg will be at work, for its place in the queue. */
  readonly predictLeg: (rung: Rung, leg: PredictedLeg) => Pick<Job, 'serviceMs' | 'weight' | 'latestStartAt'>
  /** Name of this router's reply stream. */
  readonly replyTo: string
  /** Told of a cascade that was opened with its first leg. */
  readonly opened?: (requestId: RequestId) => void
  /** Told of every watched limit that would have refused a hold that the dispatch made. */
  readonly shadowed?: (limit: string) => void
  /** Told of every leg that was sent, and by which path. */
  readonly sent?: (pool: string, dispatch: DispatchPath) => void
  /** Absent where every leg is queued. */
  readonly express?: Express
  /** Absent where no pool is hedged. */
  readonly hedging?: Hedging
  /** Absent where nothing is traced. */
  readonly tracer?: Tracer
}

/** What a leg's service time is predicted from. */
export type PredictedLeg = Pick<Cascade['request'], 'task' | 'options' | 'work' | 'tenant' | 'deadlineAt'> &
  Pick<Cascade, 'estimate'>

/** One leg to run. */
export interface LegOrder {
  readonly index: number
  readonly rung: Rung
  readonly reserveNanoUsd: NanoUsd
  /** Epoch ms at which it is given up, so that another rung has time; the request's deadline when absent. */
  readonly stopAt?: number | undefined
  /** Epoch ms until which it is awaited; the request's deadline when absent. */
  readonly awaitedUntil?: number | undefined
  /** Whether the caller can be served without this leg. */
  readonly hasAlternative: () => boolean
  /** Where text goes as it comes; absent when it is not to be streamed. */
  readonly relay?: TextRelay | undefined
  /** W3C trace context of the rung. */
  readonly traceparent?: string | undefined
  /** Called when the leg is in its queue; the leg is waited for when it resolves. */
  readonly queued?: () => Promise<void>
}

/** When a leg is awaited no longer. */
export function endOfLeg({ request }: Pick<Cascade, 'request'>, { awaitedUntil = Infinity }: LegOrder): number {
  return Math.min(request.deadlineAt, awaitedUntil)
}

/** How a leg reaches its model: the router runs it, or a worker dequeues it. */
export type DispatchPath = 'express' | 'queue'

/** Decides whether a leg may run in the router. */
export type ExpressRequest = Pick<Cascade['request'], 'mode' | 'idempotent' | 'task' | 'options'> & {
  readonly parts: readonly { readonly kind: string }[]
}

/** Who waits for a leg that runs in the router. */
export interface ExpressCaller {
  /** Aborted when the caller has left or the cascade was cancelled. */
  readonly signal: AbortSignal
  /** Aborted when another router has taken the cascade. */
  readonly lost: AbortSignal
  /** W3C trace context of the rung. */
  readonly traceparent: string | undefined
  /** Takes a piece of text; resolves when it was passed on. */
  readonly onPiece: (piece: DeltaPiece) => Promise<void>
}

/** Runs legs in the router itself, each under a slot of its pool. */
export interface Express extends Pick<ExpressLegs, 'begin'> {
  /** The slots of the pool, where the leg may run here; `undefined` where it is to go through the queue. */
  concurrencyFor(rung: Rung, request: ExpressRequest): number | undefined
  /** Runs a leg that was begun here; its end is in the log then. `undefined` when another attempt has the leg. */
  run(begun: BegunLeg, pool: string, caller: ExpressCaller): Promise<LegEnd | undefined>
  /** Stops a leg that is no longer wanted. */
  cancel(legId: LegId): void
}

/** Decides which legs get a hedged attempt, and keeps to the cap. */
export interface Hedging {
  /** Running time after which a leg gets a hedged attempt; `undefined` where none is to be had. */
  afterMs(rung: Rung, request: Cascade['request']): number | undefined
  /** Takes one attempt out of what the cap still allows in a pool; false when there is none. */
  take(pool: string): boolean
  /** Counts a leg, and with it what the cap allows. */
  ran(pool: string): void
}
