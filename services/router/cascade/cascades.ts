import type { Logger } from 'pino'
import type { CascadeRequest, CascadeState } from '#services/state/cascade-log/cascade-log'
import type { Estimate } from '#services/decision/policy/policy'
import type { RequestId } from '#services/contract/ids'
import { GatewayError } from '#services/contract/errors'
import { viewsAmong } from '#services/contract/media/views'
import { withoutAbsent } from '#services/contract/without-absent'
import type { Reserved, Finished, EmitEvent, GuidedLadder } from '#services/router/request/states'
import { createCascadeRun, type CascadeRunDependencies } from './cascade-run.ts'
import { canMove, modalitiesOf, type Cascade } from './cascade.ts'
import { cancelLegs } from './leg/cancel-legs.ts'
import { startCascade, type StartDependencies } from './start.ts'
import { deadPayloadMs } from '#services/router/lifecycle/timings'

/** What running cascades needs. */
export interface CascadesDependencies extends StartDependencies, CascadeRunDependencies {
  readonly logger: Logger
  /** The ladder that a plan was made for as this router knows it now, with the policy that the cascade began with. */
  readonly ladderOf: (plan: Cascade['plan']) => Promise<GuidedLadder | undefined>
  /** Called when a cascade of this router has changed. */
  readonly changed: (requestId: RequestId) => void
}

/** Starts cascades, runs them, and continues those of routers that died. */
export interface Cascades {
  /** Starts a cascade: it is durable, or will be with its first leg. */
  start(reserved: Reserved): Promise<Cascade>
  /**
   * Runs it to its end; `not-held` when its dispatch could not hold the money, and nothing has happened.
   * @throws GatewayError Overloaded when another router has taken it meanwhile and this caller should ask again
   */
  run(cascade: Cascade, signal: AbortSignal, emit?: EmitEvent): Promise<Finished | 'not-held'>
  /**
   * Goes on with a cascade that was taken over; a caller's cascade that nobody can come back for is cancelled
   * instead.
   */
  resume(state: CascadeState): Promise<Finished | undefined>
  /** Cancels a cascade, whichever router runs it. False when there is none or it has ended. */
  cancel(requestId: RequestId): Promise<boolean>
}

/** Makes them. */
export function createCascades(dependencies: CascadesDependencies): Cascades {
  const { cascadeLog, leases, clock, logger } = dependencies
  /** Runs under way here, so that a cancel need not wait for the log. */
  const underWay = new Map<RequestId, AbortController>()

  const run = async (cascade: Cascade, signal: AbortSignal, emit?: EmitEvent): Promise<Finished | 'not-held'> => {
    const { request, plan } = cascade
    const { requestId } = request
    const cancelled = new AbortController()
    const leave = (): void => cancelled.abort(signal.reason)
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
    underWay.set(requestId, cancelled)
    try {
      const ran = await createCascadeRun(cascade, { signal: cancelled.signal, emit }, dependencies).finish()
      if (ran.kind === 'ended') {
        const dead = ran.end.kind === 'failed' && ran.end.dead
        if (dependencies.afterwards === undefined) await tidy(request, dead, dependencies)
        else dependencies.afterwards(() => tidy(request, dead, dependencies))
        return { requestId, request, plan, legs: ran.legs, end: ran.end, endedAt: clock.now() }
      }
      if (ran.kind === 'not-held') return ran.kind
      const ended = await cascadeLog.read(requestId)
      if (ended?.end !== undefined) return finishedOf(ended)
      throw new GatewayError('Overloaded', 'another router has taken this request over', { retryAfterMs: 1000 })
    } finally {
      signal.removeEventListener('abort', leave)
      underWay.delete(requestId)
      leases.release(requestId)
      dependencies.changed(requestId)
    }
  }

  return {
    start: reserved => startCascade(reserved, dependencies),
    run,
    async resume(state) {
      const cascade = await cascadeOf(state, dependencies)
      const { requestId, mode, idempotent } = state.request
      logger.info(
        { requestId, epoch: state.epoch, legs: state.legs.length },
        'going on with a cascade whose router died',
      )
      if (cascade === undefined) return giveUp(state, dependencies)
      const nobodyWaits = mode === 'sync' && !idempotent
      const left = new AbortController()
      if (nobodyWaits || state.cancelled) left.abort()
      const finished = await run(cascade, left.signal)
      return finished === 'not-held' ? undefined : finished
    },
    async cancel(requestId) {
      const here = underWay.get(requestId)
      if (here === undefined) {
        const state = await cascadeLog.read(requestId)
        return state !== undefined && cancelLegs(requestId, dependencies, state.owner)
      }
      here.abort()
      return true
    },
  }
}

async function cascadeOf(
  state: CascadeState,
  { ladderOf, leases }: CascadesDependencies,
): Promise<Cascade | undefined> {
  const { request, plan, legs, epoch } = state
  const guided = await ladderOf(plan)
  if (guided === undefined) return undefined
  const known = new Set(guided.ladder.rungs.map(rung => rung.name))
  if (legs.some(leg => !known.has(leg.rung))) return undefined
  return {
    request,
    plan,
    guided,
    // The log keeps what `start` gave it.
    estimate: plan.estimate as Estimate,
    modalities: modalitiesOf(request.parts),
    ...withoutAbsent<Pick<Cascade, 'views'>>({ views: viewsAmong(request.parts) }),
    epoch,
    legs,
    lost: leases.keep(request.requestId, canMove(request)),
  }
}

/** Ends a cascade whose ladder this router does not know any more. */
async function giveUp(state: CascadeState, { cascadeLog, clock }: CascadesDependencies): Promise<Finished | undefined> {
  const { request, plan, legs } = state
  const end = {
    kind: 'failed' as const,
    code: 'NoModel' as const,
    message: `ladder ${plan.ladder} is not configured any more`,
    rungs: legs.flatMap(leg => leg.report ?? []),
    dead: request.mode === 'async',
  }
  const endedAt = clock.now()
  if (!(await cascadeLog.finish(request.requestId, end, state.epoch, endedAt))) return undefined
  return { requestId: request.requestId, request, plan, legs, end, endedAt }
}

/** Frees the content, unless an operator may want to replay it. */
async function tidy(
  { parts, tenant, requestId }: CascadeRequest,
  dead: boolean,
  { payloads, logger }: CascadesDependencies,
): Promise<void> {
  const ids = parts.flatMap(part => ('payloadId' in part ? part.payloadId : []))
  if (ids.length === 0) return
  try {
    if (dead) await payloads.keep(tenant, ids, deadPayloadMs)
    else await payloads.remove(tenant, ids)
  } catch (error) {
    logger.warn({ requestId, err: error }, 'payloads could not be deleted; they expire with their time to live')
  }
}

/** A cascade that ended elsewhere, as `deliver` and `settle` take it. */
export function finishedOf(state: CascadeState): Finished {
  const { request, plan, legs, end, endedAt } = state
  if (end === undefined) throw new Error('a cascade that goes on was taken for ended')
  return { requestId: request.requestId, request, plan, legs, end, endedAt: endedAt ?? request.deadlineAt }
}
