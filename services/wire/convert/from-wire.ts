import type { MediaSource, Part, Task, TaskOptions, ToolPart } from '#services/contract/content'
import { invalidField } from '#services/contract/errors'
import type { InferenceRequest, PriorityClass, RequestConstraints } from '#services/contract/request'
import type { Constraints__Output } from '../generated/sluice/v1/Constraints.ts'
import type { InferRequest__Output } from '../generated/sluice/v1/InferRequest.ts'
import type { Media__Output } from '../generated/sluice/v1/Media.ts'
import type { Part__Output } from '../generated/sluice/v1/Part.ts'
import type { TaskOptions__Output } from '../generated/sluice/v1/TaskOptions.ts'
import { durationFromWire } from './time.ts'

const taskNames: Readonly<Record<string, Task>> = {
  TASK_TRANSCRIBE: 'transcribe',
  TASK_OCR: 'ocr',
  TASK_CLASSIFY: 'classify',
  TASK_EMBED: 'embed',
  TASK_GENERATE: 'generate',
  TASK_GENERATE_IMAGE: 'generate_image',
}

const priorityNames: Readonly<Record<string, PriorityClass>> = {
  PRIORITY_UNSPECIFIED: 'normal',
  PRIORITY_INTERACTIVE: 'interactive',
  PRIORITY_NORMAL: 'normal',
  PRIORITY_BATCH: 'batch',
  PRIORITY_SHEDDABLE: 'sheddable',
}

/** Reads a task. @throws GatewayError InvalidRequest for none and for one that this build does not know */
export function taskFromWire(task: string | number, field = 'task'): Task {
  const found = taskNames[task]
  if (found === undefined) throw invalidField(field, `expected one of ${Object.keys(taskNames).join(', ')}`)
  return found
}

/**
 * Reads a request as its client meant it; what is in it is checked at admission. `impliedTask` says what one without a task asks for.
 * @throws GatewayError InvalidRequest for what cannot even be read
 */
export function requestFromWire(
  wire: InferRequest__Output,
  impliedTask: (request: Omit<InferenceRequest, 'task'>) => Task,
): InferenceRequest {
  const request = untaskedFromWire(wire)
  const task = wire.task === 'TASK_UNSPECIFIED' ? impliedTask(request) : taskFromWire(wire.task)
  return { task, ...request }
}

function untaskedFromWire(wire: InferRequest__Output): Omit<InferenceRequest, 'task'> {
  return {
    parts: wire.content.map(partFromWire),
    options: optionsFromWire(wire.options),
    constraints: constraintsFromWire(wire.constraints),
    labels: wire.labels,
    ...(wire.idempotencyKey === '' ? {} : { idempotencyKey: wire.idempotencyKey }),
    ...(wire.sessionKey === '' ? {} : { sessionKey: wire.sessionKey }),
  }
}

function partFromWire(wire: Part__Output, index: number): Part {
  const field = `content[${index}]`
  if (wire.part === 'text') return { kind: 'text', text: wire.text ?? '' }
  if (wire.part === undefined) {
    throw invalidField(field, 'expected text, image, audio, video, tool_call or tool_result')
  }
  if (wire.part === 'toolCall' || wire.part === 'toolResult') return toolPartFromWire(wire, field)
  const media = wire[wire.part]
  if (media === undefined || media === null) throw invalidField(field, `expected ${wire.part}`)
  return {
    kind: wire.part,
    source: sourceFromWire(media, `${field}.${wire.part}`),
    ...(media.mediaType === '' ? {} : { mediaType: media.mediaType }),
  }
}

function toolPartFromWire({ toolCall, toolResult }: Part__Output, field: string): ToolPart {
  if (toolCall) return { kind: 'tool-call', ...toolCall }
  if (!toolResult) throw invalidField(field, 'expected tool_call or tool_result')
  const { callId, content, isError } = toolResult
  return { kind: 'tool-result', callId, content, ...(isError ? { isError } : {}) }
}

function sourceFromWire(media: Media__Output, field: string): MediaSource {
  if (media.source === 'bytes') return { kind: 'bytes', bytes: media.bytes ?? new Uint8Array() }
  if (media.source === 'uri') return { kind: 'uri', uri: media.uri ?? '' }
  throw invalidField(field, 'expected bytes or uri')
}

function optionsFromWire(wire: TaskOptions__Output | null): TaskOptions {
  if (wire === null) return {}
  return {
    ...(wire.labelSet === '' ? {} : { labelSet: wire.labelSet }),
    ...(wire.labels.length === 0 ? {} : { labels: wire.labels }),
    ...(wire.language === '' ? {} : { language: wire.language }),
    ...(wire.maxOutputTokens === 0 ? {} : { maxOutputTokens: wire.maxOutputTokens }),
    ...(wire._temperature === undefined ? {} : { temperature: wire.temperature ?? 0 }),
    ...(wire.instruction === '' ? {} : { instruction: wire.instruction }),
    ...toolsFromWire(wire),
    ...drawingFromWire(wire),
  }
}

function toolsFromWire({ tools, toolChoice }: TaskOptions__Output): Pick<TaskOptions, 'tools' | 'toolChoice'> {
  const read = tools.map(({ name, description, parametersJson }) => ({
    name,
    parametersJson: parametersJson === '' ? '{}' : parametersJson,
    ...(description === '' ? {} : { description }),
  }))
  return {
    ...(read.length === 0 ? {} : { tools: read }),
    ...(toolChoice === '' ? {} : { toolChoice }),
  }
}

function drawingFromWire({ size, quality }: TaskOptions__Output): Pick<TaskOptions, 'size' | 'quality'> {
  return { ...(size === '' ? {} : { size }), ...(quality === '' ? {} : { quality }) }
}

function constraintsFromWire(wire: Constraints__Output | null): RequestConstraints {
  if (wire === null) return { priority: 'normal' }
  const priority = priorityNames[wire.priority]
  if (priority === undefined)
    throw invalidField('constraints.priority', `expected one of ${Object.keys(priorityNames).join(', ')}`)
  return {
    priority,
    ...(wire.deadline === null ? {} : { deadlineMs: durationFromWire(wire.deadline) }),
    ...(wire._maxCostNanoUsd === undefined ? {} : { maxCostNanoUsd: wire.maxCostNanoUsd ?? 0 }),
    ...(wire.quality === 'maxRisk' ? { maxRisk: wire.maxRisk ?? 0 } : {}),
    ...(wire.quality === 'minQuality' ? { minQuality: wire.minQuality ?? 0 } : {}),
    ...pinFromWire(wire),
  }
}

function pinFromWire({
  model,
  tier,
  adapter,
  ladder,
}: Constraints__Output): Pick<RequestConstraints, 'model' | 'tier' | 'adapter' | 'ladder'> {
  return {
    ...(ladder === '' ? {} : { ladder }),
    ...(model === '' ? {} : { model }),
    ...(tier === '' ? {} : { tier }),
    ...(adapter === '' ? {} : { adapter }),
  }
}
