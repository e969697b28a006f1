import type { Logger } from 'pino'
import type { ClimbState } from '#services/state/cascade-log/cascade-log'
import type { Estimate } from '#services/decision/policy/policy'
import type { RequestId } from '#services/contract/ids'
import { GatewayError } from '#services/contract/errors'
import type { Claimed, Climbed, EmitEvent, GuidedLadder } from '#services/router/request/states'
import { canMove, modalitiesOf, type Course } from './course.ts'
import { callOff } from './leg/run-leg.ts'
import { startCourse, type StartDependencies } from './start.ts'
import { walk, type WalkDependencies } from './walk.ts'

/** What climbing needs. */
export interface ClimbDependencies extends StartDependencies, WalkDependencies {
  readonly logger: Logger
  /** The ladder that a plan was made for as this router knows it now, with the policy that the climb began with. */
  readonly ladderOf: (plan: Course['plan']) => Promise<GuidedLadder | undefined>
  /** Called when a climb of this router has changed. */
  readonly changed: (requestId: RequestId) => void
}

/** Opens climbs, walks them, and goes on with those of routers that died. */
export interface Climber {
  /** Opens a climb: from here on it is durable. */
  start(claimed: Claimed): Promise<Course>
  /**
   * Walks it to its end; `not-held` when its dispatch could not hold the money, and nothing has happened.
   * @throws GatewayError Overloaded when another router has taken it meanwhile and this caller should ask again
   */
  walk(course: Course, signal: AbortSignal, emit?: EmitEvent): Promise<Climbed | 'not-held'>
  /** Goes on with a climb that was taken over; a caller's climb that nobody can come back for is called off instead. */
  resume(state: ClimbState): Promise<Climbed | undefined>
  /** Calls a climb off, whoever walks it. False when there is none or it has ended. */
  cancel(requestId: RequestId): Promise<boolean>
}

/** Makes the climber. */
export function createClimber(dependencies: ClimbDependencies): Climber {
  const { climbLog, leases, clock, logger } = dependencies
  /** Walks under way here, so that a cancel need not wait for the log. */
  const underWay = new Map<RequestId, AbortController>()

  const walkCourse = async (course: Course, signal: AbortSignal, emit?: EmitEvent): Promise<Climbed | 'not-held'> => {
    const { requestId } = course.request
    const cancelled = new AbortController()
    const leave = (): void => cancelled.abort(signal.reason)
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
    underWay.set(requestId, cancelled)
    try {
      const walked = await walk(course, cancelled.signal, emit, dependencies)
      if (walked.kind === 'ended') {
        const dead = walked.end.kind === 'failed' && walked.end.dead
        if (dependencies.afterwards === undefined) await tidy(course, dead, dependencies)
        else dependencies.afterwards(() => tidy(course, dead, dependencies))
        return {
          requestId,
          request: course.request,
          plan: course.plan,
          legs: walked.legs,
          end: walked.end,
          endedAt: clock.now(),
        }
      }
      if (walked.kind === 'not-held') return walked.kind
      const ended = await climbLog.read(requestId)
      if (ended?.end !== undefined) return climbedOf(ended)
      throw new GatewayError('Overloaded', 'another router has taken this request over', { retryAfterMs: 1000 })
    } finally {
      signal.removeEventListener('abort', leave)
      underWay.delete(requestId)
      leases.release(requestId)
      dependencies.changed(requestId)
    }
  }

  return {
    start: claimed => startCourse(claimed, dependencies),
    walk: walkCourse,
    async resume(state) {
      const course = await courseOf(state, dependencies)
      const { requestId, mode, idempotent } = state.request
      logger.info({ requestId, epoch: state.epoch, legs: state.legs.length }, 'going on with a climb whose router died')
      if (course === undefined) return giveUp(state, dependencies)
      const nobodyWaits = mode === 'sync' && !idempotent
      const left = new AbortController()
      if (nobodyWaits || state.cancelled) left.abort()
      const climbed = await walkCourse(course, left.signal)
      return climbed === 'not-held' ? undefined : climbed
    },
    async cancel(requestId) {
      const here = underWay.get(requestId)
      if (here === undefined) {
        const state = await climbLog.read(requestId)
        return state !== undefined && callOff(requestId, dependencies, state.owner)
      }
      here.abort()
      return true
    },
  }
}

async function courseOf(state: ClimbState, { ladderOf, leases }: ClimbDependencies): Promise<Course | undefined> {
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
    epoch,
    legs,
    lost: leases.keep(request.requestId, canMove(request)),
  }
}

/** Ends a climb whose ladder this router does not know any more. */
async function giveUp(state: ClimbState, { climbLog, clock }: ClimbDependencies): Promise<Climbed | undefined> {
  const { request, plan, legs } = state
  const end = {
    kind: 'failed' as const,
    code: 'NoModel' as const,
    message: `ladder ${plan.ladder} is not configured any more`,
    rungs: legs.flatMap(leg => leg.report ?? []),
    dead: request.mode === 'async',
  }
  const endedAt = clock.now()
  if (!(await climbLog.finish(request.requestId, end, state.epoch, endedAt))) return undefined
  return { requestId: request.requestId, request, plan, legs, end, endedAt }
}

/** Frees the content, unless an operator may want to replay it. */
async function tidy(course: Course, dead: boolean, { payloads, logger }: ClimbDependencies): Promise<void> {
  const ids = course.request.parts.flatMap(part => ('payloadId' in part ? part.payloadId : []))
  if (ids.length === 0) return
  const { tenant, requestId } = course.request
  try {
    if (dead) await payloads.keep(tenant, ids, deadPayloadMs)
    else await payloads.remove(tenant, ids)
  } catch (error) {
    logger.warn({ requestId, err: error }, 'payloads could not be tidied; they end with their time to live')
  }
}

/** As long as the climb log keeps dead letters. */
const deadPayloadMs = 7 * 86_400_000

/** A climb that ended elsewhere, as `deliver` and `settle` take it. */
export function climbedOf(state: ClimbState): Climbed {
  const { request, plan, legs, end, endedAt } = state
  if (end === undefined) throw new Error('a climb that goes on was taken for ended')
  return { requestId: request.requestId, request, plan, legs, end, endedAt: endedAt ?? request.deadlineAt }
}
