import type { LegId } from '../contract/ids.ts'
import type { Job } from './job.ts'

/** The sending side of every pool's queue. */
export interface JobProducer {
  /** Puts a leg into its pool's queue; a leg that is there already is left alone. @throws GatewayError Overloaded when the queue is full or Redis is away */
  add(pool: string, job: Job): Promise<void>
  /** Takes a waiting leg out; false when it is running or gone. */
  remove(pool: string, legId: LegId): Promise<boolean>
  /** Legs waiting in the queue. */
  waiting(pool: string): Promise<number>
  close(): Promise<void>
}

/** One leg taken from a queue; its lock is renewed until it is let go of, which happens once: what comes after does nothing. */
export interface TakenJob {
  readonly job: Job
  /** Aborted when the lock was lost to another worker. */
  readonly lost: AbortSignal
  /** Takes it out of the queue for good, whatever came of it. */
  done(): Promise<void>
  /** Puts it back for another worker, as when this one drains before it began. */
  giveBack(): Promise<void>
}

/** The taking side of one pool's queue. */
export interface JobConsumer {
  /** The next leg in order; waits up to `waitMs` for one. An envelope that cannot be read is refused and reported, not returned. */
  take(waitMs: number): Promise<TakenJob | undefined>
  close(): Promise<void>
}
