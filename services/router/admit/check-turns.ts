import type { Part, ToolCallPart, ToolPart, ToolResultPart } from '#services/contract/content'
import type { InferenceRequest } from '#services/contract/request'
import { fault, type Faults } from './faults.ts'

/** @source OpenAI API reference, "Create chat completion", `tools[].function.name` */
export const toolName = /^[A-Za-z0-9_-]{1,64}$/u
const longestId = 256

/** What is wrong with the calls of tools and their results among a request's parts: who may send them, and in what order. */
export function turnFaults({ task, parts, options }: InferenceRequest): Faults {
  const first = parts.findIndex(isTool)
  const part = parts[first]
  if (part === undefined) return []
  const field = `content[${first}].${part.kind === 'tool-call' ? 'tool_call' : 'tool_result'}`
  if (task !== 'generate') return fault(true, field, `task ${task} does not take it`)
  if (options.tools === undefined) return fault(true, field, 'expected the tools themselves in options.tools')
  return orderFaults(parts)
}

/** How far a conversation has come. */
interface Course {
  /** Calls of the turn that have no result yet, each with its place. */
  readonly open: Map<string, number>
  readonly called: Set<string>
  readonly answered: Set<string>
  /** Whether a result of the turn has come. */
  answering: boolean
}

function orderFaults(parts: readonly Part[]): Faults {
  const course: Course = { open: new Map(), called: new Set(), answered: new Set(), answering: false }
  const faults = parts.flatMap((part, index) => [
    ...untimelyFaults(part, index, course),
    ...(isTool(part) ? toolFaults(part, index, course) : []),
  ])
  const left = [...course.open.values()].flatMap(index =>
    fault(true, `content[${index}].tool_call.id`, 'expected a tool_result for it'),
  )
  return [...faults, ...left]
}

function isTool(part: Part): part is ToolPart {
  return part.kind === 'tool-call' || part.kind === 'tool-result'
}

/** Every call of a turn is answered before anything but another call of the same turn comes: told once for each turn. */
function untimelyFaults(part: Part, index: number, course: Course): Faults {
  if (part.kind === 'tool-result') return []
  const goesOn = part.kind === 'tool-call' && !course.answering
  const wrong = course.open.size > 0 && !goesOn
  if (wrong) course.open.clear()
  if (!goesOn) course.answering = false
  return fault(wrong, `content[${index}]`, 'expected the results of the tool_calls before it first')
}

function toolFaults(part: ToolPart, index: number, course: Course): Faults {
  return part.kind === 'tool-call'
    ? callFaults(part, `content[${index}].tool_call`, index, course)
    : resultFaults(part, `content[${index}].tool_result`, course)
}

function callFaults({ id, name }: ToolCallPart, field: string, index: number, { open, called }: Course): Faults {
  const again = called.has(id)
  called.add(id)
  if (!again) open.set(id, index)
  return [
    ...fault(index === 0, field, 'expected the message that the model answered before it'),
    ...fault(id === '' || id.length > longestId, `${field}.id`, `expected 1 to ${longestId} characters`),
    ...fault(again, `${field}.id`, 'expected every id once'),
    ...fault(!toolName.test(name), `${field}.name`, 'expected 1 to 64 letters, digits, _ and -'),
  ]
}

function resultFaults({ callId }: ToolResultPart, field: string, course: Course): Faults {
  const { open, called, answered } = course
  const again = answered.has(callId)
  answered.add(callId)
  open.delete(callId)
  course.answering = true
  return [
    ...fault(!called.has(callId), `${field}.call_id`, 'expected the id of a tool_call before it'),
    ...fault(again && called.has(callId), `${field}.call_id`, 'expected one result for each tool_call'),
  ]
}
