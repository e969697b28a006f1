import type { Logger } from 'pino'
import { wellFormed } from '#services/wire/well-formed'
import { isGatewayError } from '#services/contract/errors'
import type { LegId } from '#services/contract/ids'
import type { EngineQueue } from '#services/state/registry/worker-registry'
import type { TakenJob } from '#services/state/queue/pool-queue'
import { traceIdOf } from '#services/platform/telemetry/tracer'
import { begin, type Begun } from '#services/worker/collect/begin'
import { setSuspectsAside } from '#services/worker/collect/suspects'
import { namedOutcome } from '#services/backends/leg/leg-end'
import { stopsAt, workOf } from '#services/backends/leg/work-of'
import { loadParts } from '#services/worker/collect/load-parts'
import type { WorkerMetrics } from '#services/worker/telemetry/worker-metrics'
import type { OpenLeg, OpenLegs } from '#services/worker/report/open-legs'
import { putAway, type PutAwayDependencies } from '#services/worker/report/put-away'
import { endedLegOf } from '#services/backends/leg/ended-leg'
import type { ModelTimes } from '#services/backends/leg/service-time'
import { recordLost, report, reportUnrun, type ReportDependencies } from '#services/worker/report/report'
import { lendWhenAllWait, type Place } from './engine/places.ts'
import type { Outcome, Work } from '#services/backends/work'
import type { Engine, RunHooks } from './states.ts'
import type { LegTrace } from '#services/worker/telemetry/trace-leg'
import { loadRetryMs, notifyAfterMs } from '#services/worker/timings'

/** States of a batch. */
export interface BatchDependencies extends ReportDependencies, PutAwayDependencies {
  readonly engine: Engine
  readonly openLegs: OpenLegs
  readonly metrics: WorkerMetrics
  /** Begins the spans of a leg at work; absent where nothing is traced. */
  readonly trace?: (taken: TakenJob, begun: { readonly attempt: number; readonly startedAt: number }) => LegTrace
  readonly logger: Logger
}

type Running = Begun & {
  readonly kind: 'run'
  readonly trace?: LegTrace | undefined
  readonly engine?: EngineQueue | undefined
  readonly times: ModelTimes
}

/**
 * Takes one batch from the queue to its reports: begin, load, encode, infer, interpret (the engine does these three),
 * report. Every leg of it is let go of in the end, whatever fails: a leg that is held and forgotten would keep its
 * lock for ever.
 */
export async function handleBatch(
  batch: readonly TakenJob[],
  place: Place,
  dependencies: BatchDependencies,
): Promise<void> {
  const { cascadeLog, clock, workerId, metrics } = dependencies
  const all = await begin(batch, workerId, cascadeLog, clock)
  // One by one, legs that wait for a server side by side would take as many times as long.
  const together = dependencies.engine.isParallel(batch[0]?.job.model ?? '')
  const suspects = together ? [] : await setSuspectsAside(all, dependencies)
  const begun = all.filter(one => !suspects.includes(one))
  const running = begun
    .filter(one => one.kind === 'run')
    .map((one): Running => ({
      ...one,
      trace: dependencies.trace?.(one.taken, one),
      engine: dependencies.engine.engineQueue(one.taken.job.model),
      times: {},
    }))
  try {
    await Promise.all([...begun.map(one => answerUnrun(one, dependencies)), compute(running, place, dependencies)])
  } finally {
    await handleAlone(
      suspects.map(({ taken }) => taken),
      place,
      dependencies,
    )
  }
  metrics.batch(batch[0]?.job.model ?? '', running.length)
}

/** Begins each leg again and computes it by itself; when one fails in an unexpected way, the rest are let go of. */
async function handleAlone(legs: readonly TakenJob[], place: Place, dependencies: BatchDependencies): Promise<void> {
  const [first, ...rest] = legs
  if (first === undefined) return
  const { begun: _begunBefore, ...again } = first
  try {
    await handleBatch([again], place, dependencies)
  } catch (error) {
    await Promise.all(rest.map(taken => taken.giveBack()))
    throw error
  }
  await handleAlone(rest, place, dependencies)
}

async function compute(running: readonly Running[], place: Place, dependencies: BatchDependencies): Promise<void> {
  const legs = new Map(running.map(one => [one.taken.job.legId, openLegOf(one, dependencies)]))
  const notifying = setTimeout(() => notifyAllStarted(running, legs, dependencies), notifyAfterMs)
  try {
    const loaded = await Promise.all(running.map(one => load(one, legs, dependencies)))
    const ready = loaded.filter(one => one.kind === 'ready')
    const unready = loaded.filter(one => one.kind === 'failed')
    await Promise.all([
      ...unready.map(({ one, outcome }) => finish(one, outcome, legs, dependencies)),
      runReady(ready, { legs, place }, dependencies),
    ])
  } finally {
    clearTimeout(notifying)
    for (const leg of legs.values()) leg.close()
    for (const { trace } of running) trace?.ended('lost')
    // Reported batch leases are released already; this does nothing then.
    await Promise.all(running.map(one => one.taken.giveBack()))
  }
}

async function runReady(
  ready: readonly Ready[],
  { legs, place }: { readonly legs: ReadonlyMap<LegId, OpenLeg>; readonly place: Place },
  dependencies: BatchDependencies,
): Promise<void> {
  if (ready.length === 0) return
  place.reclaim()
  const works = ready.map(({ one, content }) =>
    workOf({ ...one, job: one.taken.job }, content, one.trace?.computing(ready.length)),
  )
  for (const { one } of ready) one.times.handedAt = dependencies.clock.now()
  const outcomes = await dependencies.engine.run(works, hooksOf(ready, legs, place))
  for (const { one } of ready) one.trace?.computed()
  await Promise.all(ready.map(({ one }, index) => finish(one, outcomes[index] ?? lostOutcome, legs, dependencies)))
}

function openLegOf({ taken, attempt, startedAt }: Running, { openLegs, clock }: BatchDependencies): OpenLeg {
  const { legId, replyTo } = taken.job
  const deadlineAt = stopsAt(taken.job, startedAt)
  return openLegs.open({ legId, attempt, replyTo, deadlineAt, nowMs: clock.now(), lost: taken.lost })
}

interface Ready {
  readonly kind: 'ready'
  readonly one: Running
  readonly content: Pick<Work, 'parts' | 'messages'>
}

type Loaded = Ready | { readonly kind: 'failed'; readonly one: Running; readonly outcome: Outcome }

/** Fetches a leg's content; while Redis is away it is tried again, as long as the leg is wanted. */
async function load(one: Running, legs: ReadonlyMap<LegId, OpenLeg>, dependencies: BatchDependencies): Promise<Loaded> {
  const { payloads, sleep } = dependencies
  const { legId } = one.taken.job
  const signal = legs.get(legId)?.signal
  while (signal?.aborted !== true) {
    try {
      const content = await loadParts(one.taken.job, payloads)
      return content === undefined ? { kind: 'failed', one, outcome: lostPayload } : { kind: 'ready', one, content }
    } catch (error) {
      if (!isGatewayError(error)) throw error
      await sleep(loadRetryMs)
    }
  }
  return { kind: 'failed', one, outcome: cancelledOutcome }
}

/** Notifies the routers which worker has their legs: for hedges, and for how much of a text was taken. */
function notifyAllStarted(
  running: readonly Running[],
  legs: ReadonlyMap<LegId, OpenLeg>,
  dependencies: BatchDependencies,
): void {
  for (const one of running) {
    const { legId } = one.taken.job
    notifyStarted(one, legs.get(legId)?.signal, dependencies).catch((error: unknown) => {
      dependencies.logger.error({ err: error, legId }, 'the router could not be notified where a leg runs')
    })
  }
}

/** Computing does not wait for it: a late router reads from the log where a leg runs. */
async function notifyStarted(
  { taken, attempt }: Running,
  signal: AbortSignal | undefined,
  { replySender, workerId, sleep }: BatchDependencies,
): Promise<void> {
  const { legId, replyTo } = taken.job
  while (signal?.aborted !== true) {
    try {
      await replySender.send(replyTo, { kind: 'leg-started', legId, attempt, workerId })
      return
    } catch (error) {
      if (!isGatewayError(error)) throw error
      await sleep(loadRetryMs)
    }
  }
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
    const { legId, traceparent } = one.taken.job
    logger.warn({ legId, traceId: traceIdOf(traceparent) }, 'the lock was lost: another worker has this leg')
    await recordLost(one, outcome, dependencies)
    one.trace?.ended('lost')
    return
  }
  const kept = await putAway(
    wellFormed(namedOutcome(outcome, leg?.stopped(), one.taken.job, clock.now())),
    one.taken,
    dependencies,
  )
  const end = await report(one, kept, dependencies)
  one.trace?.ended(end)
  metrics.leg(one.taken.job.model, endedLegOf({ ...one, job: one.taken.job }, end, clock.now()))
}

async function answerUnrun(one: Begun, dependencies: BatchDependencies): Promise<void> {
  if (one.kind === 'run') return
  try {
    await notifyUnrun(one, dependencies)
  } catch (error) {
    if (!isGatewayError(error)) throw error
    // Redis is away: the router reads the end from the log, or the leg comes again.
    await one.taken.giveBack()
  }
}

async function notifyUnrun(one: Exclude<Begun, Running>, dependencies: BatchDependencies): Promise<void> {
  const { replySender } = dependencies
  const { legId, replyTo } = one.taken.job
  if (one.kind === 'drop') await reportUnrun(one.taken, one.reason, dependencies)
  else if (one.kind === 'unknown') await one.taken.giveBack()
  else if (one.kind === 'poison' || one.kind === 'late') {
    await report(one, one.kind === 'late' ? late : poison, dependencies)
  } else {
    await replySender.send(replyTo, { kind: 'leg-ended', legId, attempt: one.attempt })
    await one.taken.done()
  }
}

function hooksOf(ready: readonly Ready[], legs: ReadonlyMap<LegId, OpenLeg>, place: Place): RunHooks {
  return {
    waits: lendWhenAllWait(ready.length, place),
    waited(legId, waitedMs) {
      const leg = ready.find(({ one }) => one.taken.job.legId === legId)
      if (leg !== undefined) leg.one.times.checkWaitMs = (leg.one.times.checkWaitMs ?? 0) + waitedMs
    },
    signal: legId => legs.get(legId)?.signal ?? AbortSignal.abort(),
    async onDelta(legId, text, of) {
      ready.find(({ one }) => one.taken.job.legId === legId)?.one.trace?.chunk()
      await legs.get(legId)?.send(text, of)
    },
    ran(startedAt, endedAt) {
      for (const { one } of ready) {
        one.trace?.ran(startedAt, endedAt)
        // A recipe may ask several times: from the first to the last.
        one.times.ranFrom ??= startedAt
        one.times.ranUntil = endedAt
      }
    },
  }
}

const cancelledOutcome: Outcome = { kind: 'failed', reason: 'cancelled', message: 'it was cancelled', usage: {} }
const lostPayload: Outcome = { kind: 'failed', reason: 'payload-lost', message: 'its content is gone', usage: {} }
const lostOutcome: Outcome = {
  kind: 'failed',
  reason: 'bug',
  message: 'the model gave fewer answers than it was asked',
  usage: {},
}
const late: Outcome = { kind: 'failed', reason: 'expired', message: 'its time was over before it ran', usage: {} }
const poison: Outcome = {
  kind: 'failed',
  reason: 'poison',
  message: 'it was begun too often without an end',
  usage: {},
}
