import type { Logger } from 'pino'
import type { CascadeLog, CascadeState } from '#services/state/cascade-log/cascade-log'
import type { JobList } from '#services/state/job-list/job-list'
import { GatewayError } from '#services/contract/errors'
import { parseRequestId, type RequestId } from '#services/contract/ids'
import type { Follower } from '#services/router/recovery/follow'
import { cancelWaitMs } from '#services/router/lifecycle/timings'

/** Asynchronous jobs as their tenant sees them. */
export interface Jobs {
  /** A job that was just submitted, which is put on its tenant's list. @throws GatewayError NotFound */
  submitted(tenant: string, jobId: string): Promise<CascadeState>
  /** A tenant's jobs, newest first, from before a time in epoch ms where one is given. */
  list(tenant: string, options: { readonly limit: number; readonly before?: number }): Promise<readonly CascadeState[]>
  /** @throws GatewayError NotFound when there is none of this tenant's */
  get(tenant: string, jobId: string): Promise<CascadeState>
  /** The job now and at each change, to its end. @throws GatewayError NotFound, Cancelled when the watcher leaves */
  watch(tenant: string, jobId: string, signal: AbortSignal): AsyncIterable<CascadeState>
  /** Calls a job off; one that has ended stays as it is. @throws GatewayError NotFound */
  cancel(tenant: string, jobId: string): Promise<CascadeState>
}

/** What the view of jobs is made from. */
export interface JobsDependencies {
  readonly cascadeLog: CascadeLog
  readonly list: JobList
  readonly follower: Follower
  readonly cancelCascade: (requestId: RequestId) => Promise<boolean>
  readonly logger: Logger
}

/**
 * Makes the view of jobs. Watching ends when `closing` aborts, since a job may go on for longer than a router that
 * stops. Another tenant's job is not found, the same as one that never was.
 */
export function createJobs(
  { cascadeLog, list, follower, cancelCascade, logger }: JobsDependencies,
  closing: AbortSignal,
): Jobs {
  const get = async (tenant: string, jobId: string): Promise<CascadeState> => {
    const requestId = parseRequestId(jobId)
    const state = requestId === undefined ? undefined : await cascadeLog.read(requestId)
    if (state === undefined || state.request.tenant !== tenant || state.request.mode !== 'async') throw noSuchJob()
    return state
  }
  return {
    get,
    async submitted(tenant, jobId) {
      const state = await get(tenant, jobId)
      const { requestId, submittedAt } = state.request
      // The job goes on whether it is listed or not; a repeated submit with its key lists it too.
      await list.add(tenant, requestId, submittedAt).catch((error: unknown) => {
        logger.warn({ err: error, requestId }, 'a job could not be put on the list of jobs')
      })
      return state
    },
    async list(tenant, options) {
      const ids = await list.newest(tenant, options)
      const states = await cascadeLog.readMany(ids)
      await list.remove(
        tenant,
        ids.filter((_, index) => states[index] === undefined),
      )
      return states.filter(state => state !== undefined)
    },
    async *watch(tenant, jobId, signal) {
      const { request } = await get(tenant, jobId)
      try {
        yield* follower.follow(request.requestId, AbortSignal.any([signal, closing]))
      } catch (error) {
        throw closing.aborted && !signal.aborted ? watchElsewhere() : error
      }
    },
    async cancel(tenant, jobId) {
      const { request } = await get(tenant, jobId)
      if (!(await cancelCascade(request.requestId))) return get(tenant, jobId)
      for await (const state of follower.follow(request.requestId, AbortSignal.timeout(cancelWaitMs))) {
        if (state.end !== undefined) return state
      }
      return get(tenant, jobId)
    },
  }
}

function watchElsewhere(): GatewayError {
  return new GatewayError('Overloaded', 'this router is stopping; the job goes on: watch it again', {
    reason: 'DRAINING',
    retryAfterMs: 100,
  })
}

function noSuchJob(): GatewayError {
  return new GatewayError('NotFound', 'there is no such job, or it has expired')
}
