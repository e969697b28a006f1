import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { DegradedReason, RungReport, Verdict } from '#services/contract/answer'
import type { Modality, Task } from '#services/contract/content'
import type { Ladder } from '#services/contract/model'
import type { CascadeEnd } from '#services/state/cascade-log/cascade-log'
import { sampledTraceIdOf } from '#services/platform/telemetry/tracer'
import type { Chosen, Finished } from '#services/router/request/states'

/**
 * What the router counts. Labels are closed sets: tasks, configured models and tiers, verdicts, states; never a
 * tenant or an id.
 */
export interface RouterMetrics {
  /** A request was decided. */
  decided(chosen: Chosen, elapsedMs: number): void
  /** A rung was judged. */
  judged(report: RungReport): void
  /** A cascade ended. */
  ended(finished: Finished): void
  /** A call was answered, by rpc and gRPC status name. */
  answered(rpc: string, status: string, elapsedMs: number, traceparent?: string): void
  /** The same of a call over HTTP: as the rpc that it is the equal of, and by route and HTTP status. */
  answeredHttp(call: HttpAnswered): void
  /** A part was described by its header alone. */
  headerOnly(modality: Modality, reason: 'timeout' | 'error'): void
  resumed(): void
  /** A background loop goes round from now on. */
  loopStarted(loop: string): void
  /** A background loop failed at a turn. */
  loopFailed(loop: string): void
}

/** A call over HTTP that was answered. */
export interface HttpAnswered {
  readonly rpc: string
  readonly status: string
  readonly route: string
  readonly httpStatus: number
  readonly elapsedMs: number
  readonly traceparent?: string
}

/** Live figures, read at each scrape. */
export interface RouterGauges {
  readonly inFlight: () => number
  readonly admissionWaiting: () => number
  readonly awaitedLegs: () => number
  readonly poolsWaiting: () => ReadonlyMap<string, number>
}

const degradedReasons: readonly DegradedReason[] = ['budget', 'deadline', 'no_capacity', 'rung_failed', 'overload']
const fallbackReasons = ['timeout', 'error', 'no-estimator']
/** What service levels are about: the calls that want an answer, and the statuses that count against them. */
const askingRpcs = ['Infer', 'InferStream', 'Submit']
const watchedStatuses = [
  'OK',
  'UNAVAILABLE',
  'INTERNAL',
  'UNKNOWN',
  'DATA_LOSS',
  'DEADLINE_EXCEEDED',
  'RESOURCE_EXHAUSTED',
]
const verdicts: readonly Verdict[] = ['accepted', 'escalated', 'failed', 'skipped']
const ends: readonly CascadeEnd['kind'][] = ['answered', 'failed', 'cancelled']

/** Seconds; from a decision in microseconds to the longest deadline of ten minutes. */
const requestBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600]
const confidenceBuckets = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99]
const decisionBuckets = [0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05]

/** Registers the router's metrics. Counters of the ladders that it runs start at 0. */
export function createRouterMetrics(
  registry: Registry,
  gauges: RouterGauges,
  ladders: readonly Ladder[] = [],
): RouterMetrics {
  const registers = [registry]
  const requests = new Counter({
    name: 'sluice_router_requests_total',
    help: 'Calls answered, by rpc and gRPC status.',
    labelNames: ['rpc', 'status'],
    registers,
  })
  const httpRequests = new Counter({
    name: 'sluice_router_http_requests_total',
    help: 'Calls over HTTP answered, by route and HTTP status; they are among the calls by rpc too.',
    labelNames: ['route', 'status'],
    registers,
  })
  httpRequests.inc({ route: '/v1/chat/completions', status: '200' }, 0)
  const durations = new Histogram({
    name: 'sluice_router_request_duration_seconds',
    help: 'Time from a call to its answer.',
    labelNames: ['rpc'],
    buckets: requestBuckets,
    enableExemplars: true,
    registers,
  })
  const decisions = new Histogram({
    name: 'sluice_router_decision_duration_seconds',
    help: 'Time to estimate difficulty and choose a ladder.',
    labelNames: ['task'],
    buckets: decisionBuckets,
    registers,
  })
  const fallbacks = new Counter({
    name: 'sluice_router_difficulty_fallbacks_total',
    help: 'Inputs whose difficulty was a default, by why.',
    labelNames: ['reason'],
    registers,
  })
  const headersOnly = new Counter({
    name: 'sluice_router_header_only_parts_total',
    help: 'Parts that only their headers describe, since looking into them failed or took too long.',
    labelNames: ['modality', 'reason'],
    registers,
  })
  const rungs = new Counter({
    name: 'sluice_router_rungs_total',
    help: 'Rungs judged, by model, tier and verdict.',
    labelNames: ['model', 'tier', 'verdict'],
    registers,
  })
  const spent = new Counter({
    name: 'sluice_router_spent_usd_total',
    help: 'Cost of the legs of ended cascades, in US dollars.',
    labelNames: ['model', 'tier'],
    registers,
  })
  const cascades = new Counter({
    name: 'sluice_router_cascades_total',
    help: 'Cascades ended, by task and end.',
    labelNames: ['task', 'end'],
    registers,
  })
  const degraded = new Counter({
    name: 'sluice_router_degraded_total',
    help: 'Answers with less quality than was asked for, by why.',
    labelNames: ['reason'],
    registers,
  })
  const confidences = new Histogram({
    name: 'sluice_router_answer_confidence_ratio',
    help: 'Calibrated probability of being right of the answers that were given.',
    labelNames: ['task', 'tier'],
    buckets: confidenceBuckets,
    registers,
  })
  const outOfDomain = new Counter({
    name: 'sluice_router_answers_out_of_domain_total',
    help: 'Answers to requests unlike those that the policy was fitted on.',
    labelNames: ['task'],
    registers,
  })
  const resumed = new Counter({
    name: 'sluice_router_cascades_resumed_total',
    help: 'Cascades taken over from routers that died.',
    registers,
  })
  const loops = new Counter({
    name: 'sluice_router_loop_failures_total',
    help: 'Turns of a background loop that failed.',
    labelNames: ['loop'],
    registers,
  })
  startAtZero({ requests, fallbacks, headersOnly, rungs, spent, cascades, degraded, outOfDomain }, ladders)
  registerGauges(registry, gauges)
  const answered: RouterMetrics['answered'] = (rpc, status, elapsedMs, traceparent) => {
    requests.inc({ rpc, status })
    const traceId = sampledTraceIdOf(traceparent)
    durations.observe({
      labels: { rpc },
      value: elapsedMs / 1000,
      exemplarLabels: exemplarOf(traceId),
    })
  }
  return {
    decided(chosen, elapsedMs) {
      decisions.observe({ task: chosen.request.task }, elapsedMs / 1000)
      if (chosen.estimate.fallback !== undefined) fallbacks.inc({ reason: chosen.estimate.fallback })
    },
    judged({ model, tier, verdict }) {
      rungs.inc({ model, tier, verdict })
    },
    ended({ request, end }) {
      cascades.inc({ task: request.task satisfies Task, end: end.kind })
      if (end.kind === 'answered') {
        const { confidence, tier, degraded: reason } = end.answer
        confidences.observe({ task: request.task, tier }, confidence)
        if (reason !== undefined) degraded.inc({ reason })
        if (end.answer.outOfDomain === true) outOfDomain.inc({ task: request.task })
      }
      const reports = end.kind === 'answered' ? end.answer.rungs : end.rungs
      for (const { model, tier, costNanoUsd } of reports) spent.inc({ model, tier }, costNanoUsd / 1e9)
    },
    answered,
    answeredHttp({ rpc, status, route, httpStatus, elapsedMs, traceparent }) {
      answered(rpc, status, elapsedMs, traceparent)
      httpRequests.inc({ route, status: httpStatus })
    },
    headerOnly: (modality, reason) => headersOnly.inc({ modality, reason }),
    resumed: () => resumed.inc(),
    loopStarted: loop => loops.inc({ loop }, 0),
    loopFailed: loop => loops.inc({ loop }),
  }
}

/** A series that is there from the start shows its first increase, which an alert may be about. */
function startAtZero(
  counters: Readonly<
    Record<
      'requests' | 'fallbacks' | 'headersOnly' | 'rungs' | 'spent' | 'cascades' | 'degraded' | 'outOfDomain',
      Counter
    >
  >,
  ladders: readonly Ladder[],
): void {
  const { requests, fallbacks, headersOnly, rungs, spent, cascades, degraded, outOfDomain } = counters
  for (const reason of degradedReasons) degraded.inc({ reason }, 0)
  for (const reason of fallbackReasons) fallbacks.inc({ reason }, 0)
  for (const modality of ['image', 'audio', 'video', 'document']) {
    for (const reason of ['timeout', 'error']) headersOnly.inc({ modality, reason }, 0)
  }
  for (const rpc of askingRpcs) for (const status of watchedStatuses) requests.inc({ rpc, status }, 0)
  for (const { task, rungs: offered } of ladders) {
    outOfDomain.inc({ task }, 0)
    for (const end of ends) cascades.inc({ task, end }, 0)
    for (const { name, model } of offered) rungStartsAtZero({ rungs, spent }, { model: name, tier: model.tier })
  }
}

function rungStartsAtZero(
  { rungs, spent }: Readonly<Record<'rungs' | 'spent', Counter>>,
  labels: { readonly model: string; readonly tier: string },
): void {
  spent.inc(labels, 0)
  for (const verdict of verdicts) rungs.inc({ ...labels, verdict }, 0)
}

/** The types take an exemplar's labels for those of the metric. */
function exemplarOf(traceId: string | undefined): Partial<Record<string, string>> {
  return traceId === undefined ? {} : { trace_id: traceId }
}

function registerGauges(registry: Registry, gauges: RouterGauges): void {
  const counted = [
    { name: 'sluice_router_in_flight_requests', help: 'Requests that this router carries.', read: gauges.inFlight },
    {
      name: 'sluice_router_admission_waiting_requests',
      help: 'Requests that wait for their turn to be begun.',
      read: gauges.admissionWaiting,
    },
    { name: 'sluice_router_awaited_legs', help: 'Legs that this router waits for.', read: gauges.awaitedLegs },
  ]
  for (const { name, help, read } of counted) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  }
  new Gauge({
    name: 'sluice_router_pool_waiting_jobs',
    aggregator: 'max',
    help: 'Legs waiting in the queue of each pool, as last seen.',
    labelNames: ['pool'],
    registers: [registry],
    collect() {
      for (const [pool, waiting] of gauges.poolsWaiting()) this.set({ pool }, waiting)
    },
  })
}
