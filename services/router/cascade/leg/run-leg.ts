import type { LegEnd, LegState } from '#services/state/cascade-log/cascade-log'
import { GatewayError } from '#services/contract/errors'
import { legIdOf, type LegId, type RequestId } from '#services/contract/ids'
import type { Recipe, Rung } from '#services/contract/model'
import { withoutAbsent } from '#services/contract/without-absent'
import { envelopeVersion, priorityRanks, type Job } from '#services/state/queue/job'
import { noTracer } from '#services/platform/telemetry/tracer'
import { withSpan } from '#services/platform/telemetry/with-span'
import { deliveryMarginMs } from '#services/router/request/states'
import { giveUpLeg } from './give-up-leg.ts'
import { createPair } from './hedge.ts'
import type { LegOrder, RunLegDependencies } from './leg-order.ts'
import { neverRun } from './never-run.ts'

/** What came of waiting for a leg: its end, that waiting was given up, or that its money was not held. */
export type LegWait = (
  | { readonly kind: 'ended'; readonly end: LegEnd }
  | { readonly kind: 'left' | 'late' | 'lost' | 'not-held' }
) & {
  /** The leg that ran beside it. */
  readonly twin?: LegState
}

/** Queues a planned leg and waits for its end. Queuing is idempotent, so a router that takes a climb over does the same. */
export async function runLeg(order: LegOrder, dependencies: RunLegDependencies): Promise<LegWait> {
  const { course, index } = order
  const legId = legIdOf(course.request.requestId, index)
  let resolve: (wait: LegWait) => void = ignore
  const promise = new Promise<LegWait>(done => {
    resolve = done
  })
  const jobFor = (id: LegId): Job => jobOf(order, id, order.traceparent, dependencies)
  const pair = createPair(order, end => resolve({ kind: 'ended', end }), { ...dependencies, jobOf: jobFor })
  const stopWaiting = dependencies.desk.expect(legId, {
    pool: order.rung.model.pool,
    model: order.rung.model.name,
    waits: course.request.mode === 'async',
    epoch: course.epoch,
    hasAlternative: order.hasAlternative,
    onStarted(workerId) {
      order.relay?.startedOn(workerId)
      pair.onStarted(workerId)
    },
    onDelta: (attempt, offset, text) => order.relay?.take(attempt, offset, text),
    onEnd: pair.onEnd,
  })
  const leftMs = endOf(order) - deliveryMarginMs - dependencies.clock.now()
  const timer = setTimeout(() => resolve({ kind: 'late' }), Math.max(0, leftMs))
  const stopsInMs = (order.stopAt ?? Infinity) - dependencies.clock.now()
  const giveUp = (): void => {
    // What cannot be given up ends at the deadline.
    giveUpLeg(order, legId, dependencies).catch(() => {})
  }
  const stopping = stopsInMs < leftMs ? setTimeout(giveUp, Math.max(0, stopsInMs)) : undefined
  const onLeft = (): void => resolve({ kind: 'left' })
  const onLost = (): void => resolve({ kind: 'lost' })
  order.signal.addEventListener('abort', onLeft, { once: true })
  course.lost.addEventListener('abort', onLost, { once: true })
  if (order.signal.aborted) onLeft()
  try {
    // A leg of an open climb that nobody waits for any more is called off, not begun.
    if ((!order.signal.aborted || course.opening !== undefined) && !(await send(order, legId, dependencies))) {
      return { kind: 'not-held' }
    }
    await order.queued?.()
    const waited = await promise
    const twin = pair.close()
    return twin === undefined ? waited : { ...waited, twin }
  } finally {
    pair.close()
    clearTimeout(timer)
    clearTimeout(stopping)
    stopWaiting()
    order.signal.removeEventListener('abort', onLeft)
    course.lost.removeEventListener('abort', onLost)
  }
}

/**
 * Calls a climb's legs off: the waiting are taken out of their queues, the running are told to stop. Where another router walks the
 * climb (`ownerBox`), it hears of the legs that nobody will report.
 */
export async function callOff(
  requestId: RequestId,
  { climbLog, queue, mail, clock }: Pick<RunLegDependencies, 'climbLog' | 'queue' | 'mail' | 'clock'>,
  ownerBox?: string,
): Promise<boolean> {
  const legs = await climbLog.cancel(requestId)
  if (legs === undefined) return false
  await Promise.all(
    legs.map(async leg => {
      if (leg.end !== undefined) return
      const legId = legIdOf(requestId, leg.index)
      if (leg.workerId !== undefined) return mail.send(leg.workerId, { kind: 'cancel', legId })
      await queue.remove(leg.pool, legId)
      if (ownerBox !== undefined) {
        await mail.send(ownerBox, {
          kind: 'leg-ended',
          legId,
          attempt: leg.attempt,
          end: neverRun('cancelled', clock.now()),
        })
      }
    }),
  )
  return true
}

/** Queues the leg; what the worker does hangs below this in the trace. False when the money for it was to be held with it and was not. */
async function send(order: LegOrder, legId: LegId, dependencies: RunLegDependencies): Promise<boolean> {
  const { queue, tracer = noTracer } = dependencies
  const { pool } = order.rung.model
  const { opening, request } = order.course
  const start = {
    parent: order.traceparent ?? request.traceparent,
    kind: 'producer',
    attributes: {
      'messaging.system': 'bullmq',
      'messaging.operation.type': 'send',
      'messaging.destination.name': pool,
      'messaging.message.id': legId,
    },
  } as const
  return withSpan(tracer, `send ${pool}`, start, async span => {
    const job = jobOf(order, legId, span.traceparent, dependencies)
    if (order.index === 0 && opening !== undefined) return dispatchFirst(order.course, opening, job, dependencies)
    await queue.add(pool, job)
    return true
  })
}

async function dispatchFirst(
  { request, plan }: LegOrder['course'],
  opening: NonNullable<LegOrder['course']['opening']>,
  job: Job,
  { dispatch, owner, opened, shadowed }: RunLegDependencies,
): Promise<boolean> {
  const dispatched = await dispatch.dispatch({ ...opening, request, plan, owner: owner(), job })
  if (dispatched.kind === 'not-held') return false
  if (dispatched.kind === 'refused') {
    throw new GatewayError('AlreadyExists', 'a request with this id is there already')
  }
  for (const limit of dispatched.shadowed) shadowed?.(limit)
  opened?.(request.requestId)
  return true
}

function endOf({ course, awaitedUntil = Infinity }: LegOrder): number {
  return Math.min(course.request.deadlineAt, awaitedUntil)
}

function jobOf(
  order: LegOrder,
  legId: LegId,
  traceparent: string | undefined,
  { clock, replyTo, predictLeg }: RunLegDependencies,
): Job {
  const { request, estimate, plan } = order.course
  const planned = plan.rungs.find(one => one.name === order.rung.name)
  const deadlineAt = Math.min(order.stopAt ?? Infinity, endOf(order))
  return {
    version: envelopeVersion,
    legId,
    tenant: request.tenant,
    model: order.rung.model.name,
    rung: order.rung.name,
    recipe: recipeOf(order.rung, request.constraints.adapter),
    task: request.task,
    options: request.options,
    parts: request.parts,
    work: request.work,
    deadlineAt,
    ...(order.rung.model.longestLegMs === undefined ? {} : { longestMs: order.rung.model.longestLegMs }),
    priority: priorityRanks[request.constraints.priority],
    ...placeOf(predictLeg(order.rung, { ...request, estimate, deadlineAt }), clock.now()),
    replyTo,
    streaming: order.relay !== undefined,
    price: planned?.price ?? order.rung.model.price,
    reserveNanoUsd: order.reserveNanoUsd,
    ...(planned?.computeMs === undefined ? {} : { chargedComputeMs: planned.computeMs }),
    enqueuedAt: clock.now(),
    ...passedOn(order, traceparent),
  }
}

/** What is there or not. */
function passedOn({ course }: LegOrder, traceparent: string | undefined): Partial<Job> {
  const { messages, tracestate, sessionKey } = course.request
  return withoutAbsent<Partial<Job>>({ messages, traceparent, tracestate, sessionKey })
}

/** What is run against its forecast, since that may be wrong, may start until its deadline. */
function placeOf(place: ReturnType<RunLegDependencies['predictLeg']>, nowMs: number): typeof place {
  const { latestStartAt = Infinity, ...rest } = place
  return latestStartAt > nowMs ? place : rest
}

/** A request may choose among the adapters of a model; a rung's own stays. */
function recipeOf({ model, recipe }: Rung, adapter: string | undefined): Recipe {
  const chosen = adapter !== undefined && recipe.adapter === undefined && model.adapters?.includes(adapter) === true
  return chosen ? { ...recipe, adapter } : recipe
}

function ignore(): void {}
