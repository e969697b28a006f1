import type { Task } from '#services/contract/content'
import { invalidField } from '#services/contract/errors'
import type { InferenceRequest, PriorityClass, RequestConstraints } from '#services/contract/request'
import type { Constraints__Output } from '../generated/sluice/v1/Constraints.ts'
import type { InferRequest__Output } from '../generated/sluice/v1/InferRequest.ts'
import { contentFromWire } from './content-from-wire.ts'
import { optionsFromWire } from './options-from-wire.ts'
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
 * Reads a request as its client meant it; what is in it is checked at admission. `impliedTask` says what one
 * without a task asks for.
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
    ...contentFromWire(wire),
    options: optionsFromWire(wire.options),
    constraints: constraintsFromWire(wire.constraints),
    labels: wire.labels,
    ...(wire.idempotencyKey === '' ? {} : { idempotencyKey: wire.idempotencyKey }),
    ...(wire.sessionKey === '' ? {} : { sessionKey: wire.sessionKey }),
  }
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
