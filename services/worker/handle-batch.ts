import type { Logger } from 'pino'
import type { LegId } from '../shared/contract/ids.ts'
import type { PayloadStore } from '../shared/payload/payload-store.ts'
import type { TakenJob } from '../shared/queue/pool-queue.ts'
import { begin, type Begun } from './collect/begin.ts'
import { loadParts } from './collect/load-parts.ts'
import type { WorkerMetrics } from './metrics.ts'
import type { OpenLeg, OpenLegs } from './report/open-legs.ts'
import { report, reportUnrun, type ReportDependencies } from './report/report.ts'
import type { Engine, Outcome, RunHooks, Work } from './states.ts'

/** What a batch goes through. */
export interface BatchDependencies extends ReportDependencies {
  readonly payloads: PayloadStore
  readonly engine: Engine
  readonly openLegs: OpenLegs
  readonly metrics: WorkerMetrics
  readonly logger: Logger
}

type Running = Begun & { readonly kind: 'run' }

/** Takes one batch from the queue to its reports: begin, load, encode, infer, interpret (the engine does these three), report. */
export async function handleBatch(batch: readonly TakenJob[], dependencies: BatchDependencies): Promise<void> {
  const { climbLog, clock, workerId, metrics } = dependencies
  const begun = await begin(batch, workerId, climbLog, clock)
  const running = begun.filter(one => one.kind === 'run')
  await Promise.all([...begun.map(one => answerUnrun(one, dependencies)), compute(running, dependencies)])
  metrics.batch(batch[0]?.job.model ?? '', running.length)
}

async function compute(running: readonly Running[], dependencies: BatchDependencies): Promise<void> {
  const { engine, openLegs, clock, mail, workerId } = dependencies
  const legs = new Map<LegId, OpenLeg>()
  const works: Work[] = []
  const worked: Running[] = []
  for (const one of running) {
    const { job, lost } = one.taken
    const { legId, replyTo, deadlineAt } = job
    legs.set(legId, openLegs.open({ legId, attempt: one.attempt, replyTo, deadlineAt, nowMs: clock.now(), lost }))
    await mail.send(replyTo, { kind: 'leg-started', legId, attempt: one.attempt, workerId })
  }
  await Promise.all(
    running.map(async one => {
      const parts = await loadParts(one.taken.job, dependencies.payloads)
      if (parts === undefined) return finish(one, lostPayload, legs, dependencies)
      works.push(workOf(one, parts))
      worked.push(one)
      return undefined
    }),
  )
  if (works.length === 0) return
  const outcomes = await engine.run(works, hooksOf(legs))
  await Promise.all(worked.map((one, index) => finish(one, outcomes[index] ?? lostOutcome, legs, dependencies)))
}

async function finish(
  one: Running,
  outcome: Outcome,
  legs: ReadonlyMap<LegId, OpenLeg>,
  dependencies: BatchDependencies,
): Promise<void> {
  const { metrics, clock, logger } = dependencies
  const leg = legs.get(one.taken.job.legId)
  leg?.close()
  if (leg?.stopped() === 'lost') {
    logger.warn({ legId: one.taken.job.legId }, 'the lock was lost: another worker has this leg')
    return
  }
  const end = await report(one, named(outcome, leg), dependencies)
  const word = end.kind === 'done' ? 'done' : end.reason
  metrics.leg(one.taken.job.model, word, clock.now() - one.startedAt, one.startedAt - one.taken.job.enqueuedAt)
}

/** A backend knows only that it was stopped; the desk knows why. */
function named(outcome: Outcome, leg: OpenLeg | undefined): Outcome {
  if (outcome.kind === 'done' || outcome.reason !== 'cancelled') return outcome
  return leg?.stopped() === 'expired' ? { ...outcome, reason: 'expired', message: 'its time was over' } : outcome
}

async function answerUnrun(one: Begun, dependencies: BatchDependencies): Promise<void> {
  const { mail } = dependencies
  if (one.kind === 'run') return
  const { legId, replyTo } = one.taken.job
  if (one.kind === 'drop') await reportUnrun(one.taken, one.reason, dependencies)
  else if (one.kind === 'unknown') await one.taken.giveBack()
  else if (one.kind === 'poison') {
    await report(one, poison, dependencies)
  } else {
    await mail.send(replyTo, { kind: 'leg-ended', legId, attempt: one.attempt })
    await one.taken.done()
  }
}

function workOf({ taken, attempt }: Running, parts: Work['parts']): Work {
  const { legId, model, recipe, task, options, deadlineAt, streaming } = taken.job
  return { legId, attempt, model, recipe, task, options, parts, deadlineAt, streaming }
}

function hooksOf(legs: ReadonlyMap<LegId, OpenLeg>): RunHooks {
  return {
    signal: legId => legs.get(legId)?.signal ?? AbortSignal.abort(),
    onDelta: async (legId, text) => legs.get(legId)?.send(text),
  }
}

const lostPayload: Outcome = { kind: 'failed', reason: 'payload-lost', message: 'its content is gone', usage: {} }
const lostOutcome: Outcome = {
  kind: 'failed',
  reason: 'bug',
  message: 'the model gave fewer answers than it was asked',
  usage: {},
}
const poison: Outcome = {
  kind: 'failed',
  reason: 'poison',
  message: 'it was begun too often without an end',
  usage: {},
}
