import type { Clock } from '#services/contract/clock'
import { GatewayError, isGatewayError } from '#services/contract/errors'
import type { RequestId } from '#services/contract/ids'
import { finishedOf } from '#services/router/cascade/cascades'
import type { Finished } from '#services/router/request/states'
import type { Follower } from './follow.ts'

/**
 * Waits for a run of any router to end, until the waiting caller's own deadline. `undefined` when the log has lost
 * the run.
 * @throws GatewayError Deadline, Cancelled when the caller leaves
 */
export type AwaitEnd = (requestId: RequestId, deadlineAt: number, signal: AbortSignal) => Promise<Finished | undefined>

/** Makes the waiting. */
export function createAwaitEnd(follower: Pick<Follower, 'follow'>, clock: Clock): AwaitEnd {
  return async (requestId, deadlineAt, signal) => {
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), Math.max(0, deadlineAt - clock.now()))
    try {
      for await (const state of follower.follow(requestId, AbortSignal.any([signal, late.signal]))) {
        if (state.end !== undefined) return finishedOf(state)
      }
      throw new Error('following ended before the run did')
    } catch (error) {
      if (isGatewayError(error) && error.code === 'NotFound') return undefined
      if (!late.signal.aborted || signal.aborted) throw error
      throw new GatewayError('Deadline', 'the deadline passed while the first call with this key was at work', {
        stage: 'cascade',
      })
    } finally {
      clearTimeout(timer)
    }
  }
}
