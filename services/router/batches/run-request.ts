import { isGatewayError, type ErrorCode, type GatewayError } from '#services/contract/errors'
import type { RequestId } from '#services/contract/ids'
import { addNanoUsd, type NanoUsd } from '#services/contract/money'
import type { InferenceRequest } from '#services/contract/request'
import { deliver } from '#services/router/deliver/deliver'
import type { RequestHandler } from '#services/router/pipeline/handle-request'
import type { Finished, Incoming } from '#services/router/request/states'
import type { RowAnswer } from './row-plan.ts'

/** What running a request of a row needs. */
export interface RunRequestDependencies {
  readonly handler: Pick<RequestHandler, 'runJob'>
  /** Counts it among what the router carries, or throws. */
  readonly enter: (party: { readonly tenant: string; readonly connection: string }) => () => void
  /** The job of an idempotency key, if there is one. */
  readonly jobOf: (tenant: string, key: string) => Promise<RequestId | undefined>
  /** Waits, or is cut short by the signal. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
}

/** A request of a row, and what may stop it. */
export interface RowRequest {
  readonly batchId: string
  readonly tenant: string
  /** Names the request in its batch for good: its job is found by it again. */
  readonly key: string
  readonly request: InferenceRequest
  /** Its time from now. */
  readonly deadlineMs: () => number
  readonly now: () => number
  /** Aborted when the router stops or has lost the batch: the job continues. */
  readonly leaving: AbortSignal
  /** Aborted when the batch is cancelled or out of time. */
  readonly over: AbortSignal
  /** Jobs of this batch under way; they hold money. */
  readonly jobs: Set<RequestId>
}

/** How a request of a row came out, with what all of its attempts cost. */
export interface RequestOutcome {
  readonly answered?: RowAnswer
  readonly failure?: unknown
  readonly costNanoUsd: NanoUsd
}

/** Attempts of a request whose job failed for a reason that may pass. */
export const mostAttempts = 3
/** Refusals for want of money where no other request of the batch holds any. */
const mostUnpaid = 3
const longestWaitMs = 5000
/** Time to read how a job ended that was begun before its batch was over. */
const metDeadlineMs = 30_000

/** Codes of refusals and ends that pass by themselves. */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['Overloaded', 'RateLimited', 'Deadline', 'LadderFailed'])

/** The idempotency key of an attempt at a request. */
export function attemptKey(batchId: string, key: string, attempt: number): string {
  return `${batchId}:${key}:${attempt}`
}

/**
 * Runs a request of a row as a job. What is refused for the moment waits; a job that failed for a reason that may
 * pass is followed by another, twice. A second run finds the same jobs, by their keys; where the batch is over, those
 * alone.
 * @throws GatewayError Cancelled when the router leaves it
 */
export async function runRequest(row: RowRequest, dependencies: RunRequestDependencies): Promise<RequestOutcome> {
  const signal = AbortSignal.any([row.leaving, row.over])
  let costNanoUsd = 0
  for (let attempt = 0; ; attempt += 1) {
    const ran = await runWhenTaken(row, attempt, signal, dependencies)
    if (ran.finished === undefined) return { failure: ran.refusal, costNanoUsd }
    costNanoUsd = addNanoUsd(costNanoUsd, costOf(ran.finished))
    try {
      const answer = deliver(ran.finished)
      return { answered: { requestId: ran.finished.requestId, answer }, costNanoUsd }
    } catch (error) {
      if (!isPassing(error) || attempt + 1 >= mostAttempts) return { failure: error, costNanoUsd }
      await dependencies.wait(1000 * 2 ** attempt, signal)
    }
  }
}

type Ran =
  | { readonly finished: Finished; readonly refusal?: never }
  | { readonly finished?: never; readonly refusal: unknown }

/** Runs an attempt; waits while it is refused for reasons that pass. */
async function runWhenTaken(
  row: RowRequest,
  attempt: number,
  signal: AbortSignal,
  dependencies: RunRequestDependencies,
): Promise<Ran> {
  for (let unpaid = 0; unpaid < mostUnpaid;) {
    try {
      return { finished: await runAttempt(row, attempt, dependencies) }
    } catch (error) {
      // A failure that the router's leaving explains is none of the row's.
      if (row.leaving.aborted) throw error
      if (row.over.aborted || !isGatewayError(error) || !mayPass(error)) return { refusal: error }
      if (error.code === 'BudgetExceeded' && row.jobs.size === 0) unpaid += 1
      if (unpaid >= mostUnpaid) return { refusal: error }
      await dependencies.wait(waitOf(error), signal)
    }
  }
  throw new Error('a row waits for money without end')
}

async function runAttempt(
  { batchId, tenant, key, request, deadlineMs, now, leaving, over, jobs }: RowRequest,
  attempt: number,
  { handler, enter, jobOf }: RunRequestDependencies,
): Promise<Finished> {
  const idempotencyKey = attemptKey(batchId, key, attempt)
  const isOver = over.aborted
  if (isOver && (await jobOf(tenant, idempotencyKey)) === undefined) over.throwIfAborted()
  const connection = `batch ${batchId}`
  const leave = enter({ tenant, connection })
  const incoming: Incoming = {
    caller: { tenant, credentialId: 'batch', scopes: ['infer'] },
    request: {
      ...request,
      constraints: { ...request.constraints, deadlineMs: isOver ? metDeadlineMs : deadlineMs() },
      idempotencyKey,
    },
    mode: 'async',
    arrivedAt: now(),
    connection,
  }
  let jobId: RequestId | undefined
  try {
    return await handler.runJob(incoming, leaving, id => {
      jobId = id
      jobs.add(id)
    })
  } finally {
    if (jobId !== undefined) jobs.delete(jobId)
    leave()
  }
}

function isPassing(thrown: unknown): boolean {
  return isGatewayError(thrown) && passing.has(thrown.code)
}

/** Whether a refusal passes by itself: with time, or as others give back the room or the money that they hold. */
function mayPass({ code, details }: GatewayError): boolean {
  return passing.has(code) || code === 'BudgetExceeded' || details.reason === 'PAYLOAD_QUOTA'
}

function waitOf({ details }: GatewayError): number {
  return Math.min(longestWaitMs, details.retryAfterMs ?? 1000) * (0.75 + Math.random() / 2)
}

function costOf({ end }: Finished): NanoUsd {
  return end.kind === 'answered' ? end.answer.costNanoUsd : addNanoUsd(...end.rungs.map(rung => rung.costNanoUsd))
}
