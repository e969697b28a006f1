import type { LegId } from '#services/contract/ids'
import type { Job } from './job.ts'

/** Work that waits: of one class (1 runs first), tenant and model. */
export interface WaitingWork {
  readonly priority: number
  readonly tenant: string
  readonly model: string
  /** Predicted service time of all its legs. */
  readonly workMs: number
}

/** A leg at work. */
export interface RunningLeg {
  readonly model: string
  /** Its predicted service time. */
  readonly serviceMs: number
  /** Since it was taken out of the queue. */
  readonly elapsedMs: number
}

/** What waits and runs in a pool now. */
export interface PoolBacklog {
  readonly waiting: number
  readonly running: number
  readonly work: readonly WaitingWork[]
  /** Batches at work. */
  readonly batches: number
  /** Legs at work, one by one: all of them, or as many as are worth telling. */
  readonly legs: readonly RunningLeg[]
  /** Estimated work that was put in the queue so far, by class: what it grows by is what comes in. */
  readonly putMs?: ReadonlyMap<number, number>
}

/** The sending side of every pool's queue. */
export interface JobProducer {
  /**
   * Puts a leg into its pool's queue; a leg that is there already is left alone.
   * @throws GatewayError Overloaded when the queue is full or Redis is away
   */
  add(pool: string, job: Job): Promise<void>
  /** Takes a waiting leg out; false when it is running or gone. */
  remove(pool: string, legId: LegId): Promise<boolean>
  /** Legs waiting in the queue. */
  waiting(pool: string): Promise<number>
  backlog(pool: string): Promise<PoolBacklog>
  close(): Promise<void>
}

/** What the cascade log said of a leg that was begun in the step that took it. */
export interface BegunWord {
  readonly word: string
  readonly attempt: number
  readonly at: number
}

/**
 * One leg taken from a queue; its lock is renewed until it is let go of, which happens once: what comes after does
 * nothing.
 */
export interface TakenJob {
  readonly job: Job
  /** It cannot end in time any more: it has left the queue and is not to run, only to be told of. */
  readonly expired?: boolean
  /** Absent where the log is still to be asked. */
  readonly begun?: BegunWord
  /** Aborted when the lock was lost to another worker. */
  readonly lost: AbortSignal
  /** Takes it out of the queue for good, whatever came of it. */
  done(): Promise<void>
  /** Puts it back for another worker, as when this one drains before it began. */
  giveBack(): Promise<void>
}

/** Legs of one model that were taken together, and beside them legs that came too late. */
export interface TakenBatch {
  readonly legs: readonly TakenJob[]
  /** Takes up to `limit` more of the same model, as far as it may be taken in order. */
  more(limit: number): Promise<readonly TakenJob[]>
}

/** The taking side of one pool's queue. */
export interface JobConsumer {
  /**
   * The next batch in order, of a model of `limits` and at most so many legs; waits up to `waitMs` for one, and
   * takes nothing where `isOpen` says no. An envelope that cannot be read is refused and reported, not returned.
   */
  take(waitMs: number, limits: ReadonlyMap<string, number>, isOpen?: () => boolean): Promise<TakenBatch | undefined>
  /** Lets a take that waits return now: what may be taken has changed. It may bring a batch yet. */
  interrupt(): void
  close(): Promise<void>
}

/** A consumer that can be watched from outside. */
export interface WatchableConsumer extends JobConsumer {
  /** Begins again with new connections: takes have stopped coming back, or bring nothing although legs wait. */
  restart(): void
  /** The models of the legs that stand first in the queue. */
  waitingModels(): Promise<ReadonlySet<string>>
}
