import type { UntypedServiceImplementation } from '@grpc/grpc-js'
import { invalidField } from '#services/contract/errors'
import { parseRequestId } from '#services/contract/ids'
import type { CascadeState } from '#services/state/cascade-log/cascade-log'
import { requestFromWire, taskFromWire } from '#services/wire/convert/from-wire'
import { jobToWire, listedJobToWire } from './convert/convert-job.ts'
import { timestampFromWire } from '#services/wire/convert/time'
import { answerToWire, modelToWire, reportToWire } from '#services/wire/convert/to-wire'
import type { GetBudgetResponse } from '#services/wire/generated/sluice/v1/GetBudgetResponse'
import type { InferEvent } from '#services/wire/generated/sluice/v1/InferEvent'
import type { InferRequest__Output } from '#services/wire/generated/sluice/v1/InferRequest'
import type { ListJobsRequest__Output } from '#services/wire/generated/sluice/v1/ListJobsRequest'
import type { ListJobsResponse } from '#services/wire/generated/sluice/v1/ListJobsResponse'
import type { SendFeedbackRequest__Output } from '#services/wire/generated/sluice/v1/SendFeedbackRequest'
import type { Fleet } from '#services/router/pools/fleet'
import type { Pictures } from '#services/router/deliver/pictures'
import type { Feedback, TakeFeedback } from '#services/router/learn/take-feedback'
import type { RequestHandler } from '#services/router/pipeline/handle-request'
import type { CountTokens } from '../call/count-tokens.ts'
import type { Jobs } from '../call/jobs.ts'
import type { LadderRegistry } from '#services/router/ladders/ladder-registry'
import type { ReadBudget } from '#services/router/ledger/read-budget'
import type { CascadeEvent, Incoming } from '#services/router/request/states'
import type { CallContext } from '../call/call-context.ts'
import { budgetToWire } from './convert/convert-budget.ts'
import { decisionToWire, type DispatchOf } from './convert/convert-decision.ts'
import type { ImpliedTask } from './implied-task.ts'
import { serveStream, serveUnary, type ServeDependencies, type Write } from './serve-call.ts'

/** What the service answers from. */
export interface GatewayDependencies extends ServeDependencies {
  readonly handler: RequestHandler
  readonly pictures: Pictures
  readonly jobs: Jobs
  readonly takeFeedback: TakeFeedback
  readonly ladders: LadderRegistry
  readonly impliedTask: ImpliedTask
  readonly fleet: () => Fleet
  readonly readBudget: ReadBudget
  readonly dispatchOf: DispatchOf
  readonly countTokens: CountTokens
}

/** Builds every rpc of `sluice.v1.Gateway`. */
export function createGatewayService(dependencies: GatewayDependencies): UntypedServiceImplementation {
  const { handler, pictures, jobs, impliedTask } = dependencies
  const unary = <Request, Response>(
    rpc: string,
    answer: (request: Request, context: CallContext) => Promise<Response>,
  ) => serveUnary(rpc, 'infer', answer, dependencies)

  return {
    infer: unary('Infer', async (request: InferRequest__Output, context) => {
      const finished = await handler.infer(incomingOf(request, context, 'sync', impliedTask), context.signal)
      return answerToWire(finished.requestId, await pictures.deliver(finished))
    }),
    inferStream: serveStream('InferStream', 'infer', inferStream(dependencies), dependencies),
    submit: unary('Submit', async ({ request }: { request: InferRequest__Output | null }, context) => {
      if (request === null) throw invalidField('request', 'expected a request')
      const requestId = await handler.submit(incomingOf(request, context, 'async', impliedTask), context.signal)
      return jobToWire(await pictures.show(await jobs.submitted(context.caller.tenant, requestId)))
    }),
    getJob: unary('GetJob', async ({ jobId }: { jobId: string }, { caller }) =>
      jobToWire(await pictures.show(await jobs.get(caller.tenant, jobId))),
    ),
    listJobs: unary('ListJobs', async (request: ListJobsRequest__Output, { caller }) =>
      listJobs(request, caller.tenant, jobs),
    ),
    watchJob: serveStream('WatchJob', 'infer', watchJob(dependencies), dependencies),
    cancelJob: unary('CancelJob', async ({ jobId }: { jobId: string }, { caller }) =>
      jobToWire(await pictures.show(await jobs.cancel(caller.tenant, jobId))),
    ),
    explain: unary('Explain', async (request: InferRequest__Output, context) => {
      const chosen = await handler.explain(incomingOf(request, context, 'sync', impliedTask), context.signal)
      const { firstStep, reserveNanoUsd } = chosen
      return {
        decision: decisionToWire(chosen, dependencies.dispatchOf),
        firstStep: firstStep.model,
        reason: firstStep.reason,
        reserveNanoUsd,
      }
    }),
    countTokens: unary('CountTokens', async (request: InferRequest__Output, context) => {
      const incoming = incomingOf(request, context, 'sync', impliedTask)
      const { counts, first } = await dependencies.countTokens(incoming, context.signal, 'all')
      return {
        firstStep: first,
        counts: counts.map(({ rung, tokens, exact }) => {
          return { model: rung.name, tier: rung.model.tier, inputTokens: tokens, exact }
        }),
      }
    }),
    sendFeedback: unary('SendFeedback', async (request: SendFeedbackRequest__Output, { caller }) => {
      const requestId = parseRequestId(request.requestId)
      if (requestId === undefined) throw invalidField('request_id', 'expected 32 hex digits')
      await dependencies.takeFeedback(caller.tenant, requestId, feedbackOf(request))
      return {}
    }),
    listModels: unary('ListModels', async ({ task }: { task: string }) => listModels(task, dependencies)),
    getBudget: unary('GetBudget', async (_request: object, { caller }): Promise<GetBudgetResponse> => {
      return budgetToWire(await dependencies.readBudget(caller.tenant, caller.scopes.includes('admin')))
    }),
  }
}

function incomingOf(
  request: InferRequest__Output,
  context: CallContext,
  mode: Incoming['mode'],
  impliedTask: ImpliedTask,
): Incoming {
  const { caller, arrivedAt, connection, callDeadlineAt, traceparent, tracestate } = context
  return {
    caller,
    arrivedAt,
    connection,
    mode,
    request: requestFromWire(request, impliedTask),
    ...(callDeadlineAt === undefined ? {} : { callDeadlineAt }),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(tracestate === undefined ? {} : { tracestate }),
  }
}

function inferStream({ handler, pictures, impliedTask, dispatchOf }: GatewayDependencies) {
  return async (request: InferRequest__Output, context: CallContext, write: Write<InferEvent>): Promise<void> => {
    let requestId = ''
    const emit = async (event: CascadeEvent): Promise<void> => {
      if (event.kind === 'decided') requestId = event.chosen.requestId
      if (event.kind === 'found') {
        ;({ requestId } = event)
        return
      }
      await write({ requestId, ...eventToWire(event, dispatchOf) })
    }
    const finished = await handler.infer(incomingOf(request, context, 'sync', impliedTask), context.signal, emit)
    await write({
      requestId: finished.requestId,
      final: answerToWire(finished.requestId, await pictures.deliver(finished)),
    })
  }
}

function eventToWire(event: Exclude<CascadeEvent, { kind: 'found' }>, dispatchOf: DispatchOf): InferEvent {
  if (event.kind === 'decided') return { decision: decisionToWire(event.chosen, dispatchOf) }
  if (event.kind === 'rung-started') return { rungStarted: { model: event.model, tier: event.tier } }
  if (event.kind === 'rung-finished') return { rungFinished: reportToWire(event.report) }
  const { model, optimistic } = event
  if (event.kind === 'tool-call') {
    const { index, id = '', name = '', argumentsJson } = event
    return { toolCallDelta: { model, index, id, name, argumentsJson, optimistic } }
  }
  const delta = { model, text: event.text, optimistic }
  return event.kind === 'reasoning' ? { reasoningDelta: delta } : { textDelta: delta }
}

function watchJob({ jobs, pictures }: GatewayDependencies) {
  return async ({ jobId }: { jobId: string }, { caller, signal }: CallContext, write: Write<object>): Promise<void> => {
    let last: CascadeState | undefined
    for await (const state of jobs.watch(caller.tenant, jobId, signal)) {
      if (last !== undefined && !hasChanged(last, state)) continue
      last = state
      await write(jobToWire(await pictures.show(state)))
    }
  }
}

/** A lease renewed or an attempt begun is no news to a watcher. */
function hasChanged(before: CascadeState, now: CascadeState): boolean {
  return now.end !== undefined || assessedLegs(now) > assessedLegs(before)
}

function assessedLegs({ legs }: CascadeState): number {
  return legs.filter(leg => leg.report !== undefined).length
}

function feedbackOf({ outcome, score, correctedAnswer }: SendFeedbackRequest__Output): Feedback {
  if (outcome === 'correctedAnswer') return { kind: 'corrected', answer: correctedAnswer ?? '' }
  if (outcome !== 'score' || score === undefined) throw invalidField('outcome', 'expected score or corrected_answer')
  if (!(score >= 0 && score <= 1)) throw invalidField('score', 'expected 0 to 1')
  return { kind: 'score', score }
}

const usualJobs = 20
const mostJobs = 200

async function listJobs(
  { limit, submittedBefore }: ListJobsRequest__Output,
  tenant: string,
  jobs: Jobs,
): Promise<ListJobsResponse> {
  if (limit < 0 || limit > mostJobs) throw invalidField('limit', `expected at most ${mostJobs}`)
  const states = await jobs.list(tenant, {
    limit: limit === 0 ? usualJobs : limit,
    ...(submittedBefore === null ? {} : { before: timestampFromWire(submittedBefore) }),
  })
  return { jobs: states.map(listedJobToWire) }
}

function listModels(wireTask: string, { ladders, fleet }: GatewayDependencies): { models: object[] } {
  const task = wireTask === 'TASK_UNSPECIFIED' ? undefined : taskFromWire(wireTask)
  const view = fleet()
  const models = ladders.models.filter(model => task === undefined || model.tasks.includes(task))
  return {
    models: models.map(model => {
      const workers = view.workersOf(model.pool, model.name)
      const draining = workers.filter(worker => worker.draining).length
      const capacity = workers.reduce((sum, worker) => sum + (worker.draining ? 0 : worker.capacity), 0)
      return modelToWire(model, { workers: workers.length, draining, capacity, waiting: view.pool(model.pool).waiting })
    }),
  }
}
