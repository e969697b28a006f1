import type { Clock } from '#services/contract/clock'
import type { Tracer } from '#services/platform/telemetry/tracer'
import { failureOf, withSpan } from '#services/platform/telemetry/with-span'
import type { Cascade } from '#services/router/cascade/cascade'
import type { Stages } from '#services/router/pipeline/handle-request'
import type { EmitEvent, Finished } from '#services/router/request/states'
import { createRunMetrics, endAttributes, timeFirst, runAttributes } from '#services/router/telemetry/gen-ai'
import type { Telemetry } from '#services/platform/telemetry/open-tracer'

/** Gives every stage of a request a span below that of its call. The stages themselves know nothing of it. */
export function traceStages<Under>(stages: Stages<Under>, tracer: Tracer): Stages<Under> {
  if (!tracer.records) return stages
  return {
    ...stages,
    admit: (incoming, signal) =>
      withSpan(tracer, 'admit', { parent: incoming.traceparent }, async span => {
        const admitted = await stages.admit(incoming, signal)
        span.set({ 'sluice.request_id': admitted.requestId, 'sluice.task': admitted.request.task })
        return admitted
      }),
    assess: admitted =>
      withSpan(tracer, 'assess', { parent: admitted.traceparent }, async span => {
        const assessed = await stages.assess(admitted)
        const { difficulty, fallback } = assessed.estimate
        span.set({ 'sluice.difficulty': difficulty, 'sluice.difficulty_fallback': fallback })
        return assessed
      }),
    choose(assessed, mayProbe) {
      const span = tracer.start('choose', { parent: assessed.traceparent })
      try {
        const chosen = stages.choose(assessed, mayProbe)
        span.set({
          'sluice.ladder': chosen.guided.ladder.name,
          'sluice.first_rung': chosen.firstStep.model,
          'sluice.policy': chosen.guided.policy?.version ?? 'none',
        })
        for (const { rung, removedBy } of chosen.candidateRungs) {
          if (removedBy !== undefined) span.event('rung removed', { 'sluice.rung': rung.name, 'sluice.by': removedBy })
        }
        return chosen
      } catch (error) {
        span.fail(failureOf(error))
        throw error
      } finally {
        span.end()
      }
    },
    reserve: chosen =>
      withSpan(tracer, 'reserve', { parent: chosen.traceparent }, async span => {
        const reserved = await stages.reserve(chosen)
        span.set({ 'sluice.reserve_nano_usd': chosen.reserveNanoUsd, 'sluice.hold_deferred': false })
        return reserved
      }),
    deferReserve(chosen) {
      const reserved = stages.deferReserve?.(chosen)
      if (reserved === undefined) return undefined
      // The money is then held in the step that enqueues the first leg.
      const attributes = { 'sluice.reserve_nano_usd': chosen.reserveNanoUsd, 'sluice.hold_deferred': true }
      tracer.start('reserve', { parent: chosen.traceparent, attributes }).end()
      return reserved
    },
    start: reserved => withSpan(tracer, 'start', { parent: reserved.traceparent }, () => stages.start(reserved)),
    settle: (reserved, finished) =>
      withSpan(tracer, 'settle', { parent: reserved.traceparent }, () => stages.settle(reserved, finished)),
  }
}

/**
 * Runs a cascade in a span that every rung hangs below; also after a take-over, when the call's own span is long
 * over. Its result is traced with the GenAI conventions, and measured.
 */
export function createTraceRun({ tracer, meter }: Pick<Telemetry, 'tracer' | 'meter'>, clock: Clock): TraceRun {
  const measure = createRunMetrics(meter)
  return async ({ cascade, emit }, run) => {
    if (!tracer.records && !meter.records) return run(cascade, emit)
    const timed = timeFirst(emit, clock)
    const { request, plan, epoch } = cascade
    const start = {
      parent: request.traceparent,
      attributes: {
        'sluice.request_id': request.requestId,
        'sluice.task': request.task,
        'sluice.mode': request.mode,
        'sluice.ladder': plan.ladder,
        'sluice.policy': plan.policyVersion,
        'sluice.epoch': epoch,
        ...runAttributes(cascade, emit !== undefined),
      },
    }
    return withSpan(tracer, 'cascade', start, async span => {
      const { traceparent } = span
      const traced = traceparent === undefined ? request : { ...request, traceparent }
      const finished = await run({ ...cascade, request: traced }, timed.emit)
      if (finished === 'not-held') {
        span.set({ 'sluice.end': finished })
        return finished
      }
      const { end } = finished
      span.set({ 'sluice.end': end.kind, 'sluice.rungs': finished.legs.length })
      if (end.kind === 'failed') span.fail(end.code)
      if (end.kind === 'answered') {
        const { model, tier, confidence, costNanoUsd, degraded } = end.answer
        span.set({
          'sluice.model': model,
          'sluice.tier': tier,
          'sluice.confidence': confidence,
          'sluice.cost_nano_usd': costNanoUsd,
          'sluice.degraded': degraded,
        })
      }
      span.set(endAttributes(finished, timed.firstAt()))
      measure(cascade, finished, timed.firstAt())
      return finished
    })
  }
}

/** Runs a cascade, traced. */
export type TraceRun = (
  running: { readonly cascade: Cascade; readonly emit: EmitEvent | undefined },
  run: (cascade: Cascade, emit: EmitEvent | undefined) => Promise<Finished | 'not-held'>,
) => Promise<Finished | 'not-held'>
