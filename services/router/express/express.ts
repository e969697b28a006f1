import type { Logger } from 'pino'
import type { LegEnd } from '#services/state/cascade-log/cascade-log'
import type { Clock } from '#services/contract/clock'
import { isWords } from '#services/contract/content'
import type { LegId } from '#services/contract/ids'
import type { Rung } from '#services/contract/model'
import type { ExpressLegs } from '#services/state/dispatch/express-legs'
import type { Job } from '#services/state/queue/job'
import type { WorkerMessage } from '#services/state/replies/reply-stream'
import type { Backend } from '#services/backends/backend'
import { endedLegOf } from '#services/backends/leg/ended-leg'
import { legEndOf, namedOutcome, type BegunLeg } from '#services/backends/leg/leg-end'
import type { LegMetrics } from '#services/backends/leg/leg-metrics'
import { workOf } from '#services/backends/leg/work-of'
import type { LoadedPart, Outcome, Work } from '#services/backends/work'
import { wellFormed } from '#services/wire/well-formed'
import { isGatewayError } from '#services/contract/errors'
import { sleep } from '#services/platform/process/every'
import type { Express, ExpressCaller, ExpressRequest } from '#services/router/cascade/leg/leg-order'
import { openExpressLeg, type ExpressLeg } from './express-leg.ts'
import type { TraceExpress } from './trace-express.ts'
import { endGraceMs, endRetryMs } from '#services/router/lifecycle/timings'

/** What running legs in the router needs. */
export interface ExpressDependencies {
  readonly slots: ExpressLegs
  /** The backends of the models that the router may call, by name. */
  readonly backends: ReadonlyMap<string, Backend>
  /** Batches that the workers of a pool may have at work. */
  readonly concurrency: (pool: string) => number
  /** Legs that waited in a pool when it was read last. */
  readonly waiting: (pool: string) => number
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: LegMetrics
  readonly trace: TraceExpress
  /** This router, as the receipts name it. */
  readonly name: string
}

/** The express legs of one router. */
export interface ExpressRoom extends Express {
  /** Takes the word of another router that a leg is not wanted. */
  deliver(replySender: WorkerMessage): void
  /** Keeps the slots of the legs at work. */
  renew(leaseUntil: number): Promise<void>
  /** Resolves when the legs at work have left their receipts. */
  ended(): Promise<void>
  readonly size: number
}

/** Makes the running of legs in the router. */
export function createExpress(dependencies: ExpressDependencies): ExpressRoom {
  const { slots, backends, clock, logger, metrics, trace, name } = dependencies
  const open = new Map<LegId, ExpressLeg>()
  const slotsOf = new Map<LegId, string>()
  const running = new Set<Promise<unknown>>()

  /** Runs the backend; whatever it throws is a failure of the leg. */
  const infer = async (work: Work, leg: ExpressLeg, backend: Backend): Promise<Outcome> => {
    try {
      const [outcome] = await backend.run([work], leg.control)
      return outcome ?? bug
    } catch (error) {
      logger.error({ err: error, model: work.model }, 'a backend threw')
      return bug
    }
  }

  /**
   * Writes the end with its receipt; of a leg that is another router's now, the receipt alone. While Redis is away it
   * is tried again, as a worker does.
   */
  const write = async (pool: string, { legId, deadlineAt }: Job, end: LegEnd, isLost: boolean): Promise<boolean> => {
    for (;;) {
      try {
        if (!isLost) return (await slots.end(pool, legId, end)) === 'recorded'
        await slots.leave(pool, legId, end.receipt)
        return false
      } catch (error) {
        if (!isGatewayError(error)) throw error
        if (clock.now() > deadlineAt + endGraceMs) {
          logger.warn({ legId }, 'the receipt of a leg could not be written in time')
          return false
        }
        await sleep(endRetryMs)
      }
    }
  }

  const runLeg = async (begun: BegunLeg, pool: string, caller: ExpressCaller): Promise<LegEnd | undefined> => {
    const { job, startedAt } = begun
    const backend = backends.get(job.model)
    if (backend === undefined) throw new Error(`model ${job.model} has no backend in this router`)
    const engine = backend.engineQueue?.()
    const span = trace(begun, pool, caller.traceparent)
    const onPiece: ExpressCaller['onPiece'] = piece => {
      span.chunk()
      return caller.onPiece(piece)
    }
    const leg = openExpressLeg(begun, { ...caller, onPiece }, clock)
    open.set(job.legId, leg)
    try {
      const handedAt = clock.now()
      const outcome = await infer(workOf(begun, contentOf(job), span.traceparent), leg, backend)
      leg.close()
      const named = wellFormed(namedOutcome(outcome, leg.stopped(), job, clock.now()))
      const end = legEndOf(begun, named, clock.now(), name)
      const isRecorded = await write(pool, job, end, leg.stopped() === 'lost')
      span.ended(end)
      metrics.leg(job.model, endedLegOf({ job, startedAt, engine, times: { handedAt } }, end, clock.now()))
      return isRecorded ? end : undefined
    } finally {
      leg.close()
      open.delete(job.legId)
      slotsOf.delete(job.legId)
      span.close()
    }
  }

  return {
    concurrencyFor(rung, request) {
      if (!backends.has(rung.model.name) || !isPlain(rung, request)) return undefined
      const { pool } = rung.model
      const concurrency = dependencies.concurrency(pool)
      // Whether a slot is free is known where it is taken.
      return concurrency > 0 && dependencies.waiting(pool) === 0 ? concurrency : undefined
    },
    begin: order => slots.begin(order),
    run(begun, pool, caller) {
      slotsOf.set(begun.job.legId, pool)
      const ran = runLeg(begun, pool, caller)
      const settled: Promise<unknown> = ran.catch(() => {}).finally(() => running.delete(settled))
      running.add(settled)
      return ran
    },
    cancel: legId => open.get(legId)?.stop('cancelled'),
    deliver(replySender) {
      if (replySender.kind === 'cancel') open.get(replySender.legId)?.stop('cancelled')
    },
    async renew(leaseUntil) {
      if (slotsOf.size > 0) await slots.renew(slotsOf, leaseUntil)
    },
    async ended() {
      await Promise.all(running)
    },
    get size() {
      return open.size
    },
  }
}

/**
 * Whether the router can do all of the leg: it asks a server once, with words that it has at hand. Votes, patterns,
 * verifiers and schemas need the sandboxes of a worker; media lie in the store. What somebody may come back for is to
 * outlive its router, as a leg on a worker does.
 */
function isPlain({ recipe }: Rung, { mode, idempotent, task, options, parts }: ExpressRequest): boolean {
  const { samples = 1, verifier, readers, answerPattern } = recipe
  const isSimple = samples === 1 && (verifier ?? readers ?? answerPattern ?? options.responseFormat) === undefined
  return mode === 'sync' && !idempotent && task !== 'generate_image' && isSimple && parts.every(part => isWords(part))
}

/** Words travel with the job. */
function contentOf({ parts, messages }: Job): Pick<Work, 'parts' | 'messages'> {
  const words = parts.filter((part): part is LoadedPart & (typeof parts)[number] => isWords(part))
  return { parts: words, ...(messages === undefined ? {} : { messages }) }
}

const bug: Outcome = { kind: 'failed', reason: 'bug', message: 'the model failed in an unexpected way', usage: {} }
