import type {
  Answer,
  DegradedReason,
  Output,
  RungReport,
  TextOutput,
  TimedText,
  TranscriptSegment,
  Verdict,
} from '#services/contract/answer'
import type { Task } from '#services/contract/content'
import type { Grounding } from '#services/contract/retrieval/evidence'
import type { ModelSpec } from '#services/contract/model'
import type { Usage } from '#services/contract/price'
import { locatorToWire } from './convert-locator.ts'
import type { Grounding as WireGrounding } from '../generated/sluice/v1/Grounding.ts'
import type { InferResponse } from '../generated/sluice/v1/InferResponse.ts'
import type { Model } from '../generated/sluice/v1/Model.ts'
import type { ModelState } from '../generated/sluice/v1/ModelState.ts'
import type { Output as WireOutput } from '../generated/sluice/v1/Output.ts'
import type { RungReport as WireRungReport } from '../generated/sluice/v1/RungReport.ts'
import type { TranscriptSegment as WireSegment } from '../generated/sluice/v1/TranscriptSegment.ts'
import type { Usage as WireUsage } from '../generated/sluice/v1/Usage.ts'
import { durationToWire } from './time.ts'

const verdicts = {
  accepted: 'VERDICT_ACCEPTED',
  escalated: 'VERDICT_ESCALATED',
  failed: 'VERDICT_FAILED',
  skipped: 'VERDICT_SKIPPED',
} as const satisfies Record<Verdict, string>

const degradedReasons = {
  budget: 'DEGRADED_REASON_BUDGET',
  deadline: 'DEGRADED_REASON_DEADLINE',
  no_capacity: 'DEGRADED_REASON_NO_CAPACITY',
  rung_failed: 'DEGRADED_REASON_RUNG_FAILED',
  overload: 'DEGRADED_REASON_OVERLOAD',
} as const satisfies Record<DegradedReason, string>

const tasks = {
  transcribe: 'TASK_TRANSCRIBE',
  ocr: 'TASK_OCR',
  classify: 'TASK_CLASSIFY',
  embed: 'TASK_EMBED',
  generate: 'TASK_GENERATE',
  generate_image: 'TASK_GENERATE_IMAGE',
} as const satisfies Record<Task, string>

/** A task on the wire. */
export function taskToWire(task: Task): (typeof tasks)[Task] {
  return tasks[task]
}

/** An answer with the request that it answers. */
export function answerToWire(requestId: string, answer: Answer): InferResponse {
  return {
    requestId,
    output: outputToWire(answer.output),
    model: answer.model,
    tier: answer.tier,
    confidence: answer.confidence,
    rungs: answer.rungs.map(reportToWire),
    costNanoUsd: answer.costNanoUsd,
    usage: usageToWire(answer.usage),
    latency: durationToWire(answer.latencyMs),
    degraded: answer.degraded !== undefined,
    policyVersion: answer.policyVersion,
    outOfDomain: answer.outOfDomain === true,
    flags: [...(answer.flags ?? [])],
    ...(answer.grounding === undefined ? {} : { grounding: groundingToWire(answer.grounding) }),
    ...(answer.degraded === undefined ? {} : { degradedReason: degradedReasons[answer.degraded] }),
  }
}

function groundingToWire({ support, isUngrounded, citations }: Grounding): WireGrounding {
  return {
    support,
    ungrounded: isUngrounded,
    citations: citations.map(({ locator, ...citation }) => ({
      ...citation,
      ...(locator === undefined ? {} : { locator: locatorToWire(locator) }),
    })),
  }
}

function outputToWire(output: Output): WireOutput {
  if (output.kind === 'text') return textToWire(output)
  if (output.kind === 'labels') return { labels: { labels: output.labels.map(one => ({ ...one })) } }
  if (output.kind === 'embedding') return { embedding: { values: [...output.values], space: output.space } }
  const { source, mediaType } = output
  if (source.kind === 'payload') throw new Error('a picture is to be fetched before it is sent')
  return { image: { bytes: bufferOf(source.bytes), mediaType } }
}

function textToWire({ text, toolCalls = [], reasoning = [], finishReason, segments }: TextOutput): WireOutput {
  return {
    text,
    toolCalls: toolCalls.map(call => ({ ...call })),
    reasoning: reasoning.map(one => ({ ...one })),
    ...(finishReason === undefined ? {} : { finishReason }),
    ...(segments === undefined ? {} : { segments: segments.map(segmentToWire) }),
  }
}

function segmentToWire({ words = [], ...segment }: TranscriptSegment): WireSegment {
  return { ...timedToWire(segment), words: words.map(timedToWire) }
}

function timedToWire({ text, startMs, endMs }: TimedText) {
  return { text, start: durationToWire(startMs), end: durationToWire(endMs) }
}

/** The same bytes, as the wire takes them. */
function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

/** The finding on one rung. */
export function reportToWire(report: RungReport): WireRungReport {
  return {
    model: report.model,
    tier: report.tier,
    verdict: verdicts[report.verdict],
    reason: report.reason,
    costNanoUsd: report.costNanoUsd,
    latency: durationToWire(report.latencyMs),
    usage: usageToWire(report.usage),
    ...(report.confidence === undefined ? {} : { confidence: report.confidence }),
  }
}

function usageToWire(usage: Usage): WireUsage {
  const { audioMs, computeMs, ...counts } = usage
  return {
    ...counts,
    ...(audioMs === undefined ? {} : { audio: durationToWire(audioMs) }),
    ...(computeMs === undefined ? {} : { compute: durationToWire(computeMs) }),
  }
}

/** A model's card with its live state. */
export function modelToWire(model: ModelSpec, state: ModelState): Model {
  return {
    name: model.name,
    tier: model.tier,
    pool: model.pool,
    tasks: model.tasks.map(taskToWire),
    modalities: [...model.modalities],
    card: { ...model.card },
    state,
  }
}
