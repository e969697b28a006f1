import { isWords, wordsIn, type Part, type ToolCallPart, type ToolResultPart } from '#services/contract/content'
import { messagesOf, type Message, type Role } from '#services/contract/conversation'
import type { InferenceRequest } from '#services/contract/request'
import { fault, type Faults } from './faults.ts'

/** @source OpenAI API reference, "Create chat completion", `tools[].function.name` */
export const toolName = /^[A-Za-z0-9_-]{1,64}$/u
const longestId = 256

/** What conversations are held to. */
export interface MessageLimits {
  readonly messages: number
  readonly textCharacters: number
}

/** Media in a whole conversation. @source Anthropic API documentation, "Vision": at most 100 images a request */
const mostMedia = 100
/** @source Anthropic API documentation, "Prompt caching" */
const mostCachePoints = 4
/** Parts of one message: a turn of many calls at once, or a page of pictures with words between them. */
const mostMessageParts = 256

/** What is wrong with the messages of a request: who may say what, and in what order calls of tools are answered. */
export function messageFaults(request: InferenceRequest, limits: MessageLimits): Faults {
  const { task, parts, messages, options } = request
  if (messages === undefined) return plainFaults(parts)
  if (task !== 'generate') return fault(true, 'messages', `task ${task} takes content, not messages`)
  if (messages.length > limits.messages) {
    return fault(true, 'messages', `expected at most ${limits.messages} messages, found ${messages.length}`)
  }
  const media = parts.filter(part => !isWords(part)).length
  if (media > mostMedia) {
    return fault(true, 'messages', `expected at most ${mostMedia} images, recordings, videos and documents`)
  }
  const marked = [...parts, ...(options.tools ?? [])].filter(({ cachePoint }) => cachePoint === true).length
  if (marked > mostCachePoints) return fault(true, 'messages', `expected at most ${mostCachePoints} cache points`)
  const all = messagesOf(request)
  const each = all.flatMap((message, index) => [
    ...sizeFaults(message, `messages[${index}]`, limits),
    ...message.parts.flatMap((part, at) => partFaults(message.role, part, `messages[${index}].parts[${at}]`)),
  ])
  return [...each, ...orderFaults(all), ...wholeFaults(all)]
}

/** Content without messages is one message of the user. */
function plainFaults(parts: readonly Part[]): Faults {
  return parts.flatMap((part, index) =>
    fault(
      !mayHold.user.has(part.kind),
      `content[${index}].${wireName(part)}`,
      'expected it in messages: content is one message of the user',
    ),
  )
}

/** Parts that a message of each role may hold. */
const mayHold: Readonly<Record<Role, ReadonlySet<Part['kind']>>> = {
  system: new Set(['text']),
  user: new Set(['text', 'image', 'audio', 'video', 'document']),
  assistant: new Set(['text', 'tool-call', 'reasoning']),
  tool: new Set(['tool-result']),
}

function wireName({ kind }: Part): string {
  return kind.replace('-', '_')
}

function sizeFaults({ role, parts }: Message, field: string, { textCharacters }: MessageLimits): Faults {
  const characters = parts.reduce((sum, part) => sum + (isWords(part) ? wordsIn(part).length : 0), 0)
  return [
    ...fault(parts.length === 0, `${field}.parts`, `expected at least one part in a message of role ${role}`),
    ...fault(parts.length > mostMessageParts, `${field}.parts`, `expected at most ${mostMessageParts} parts`),
    ...fault(
      characters > textCharacters,
      `${field}.parts`,
      `expected at most ${textCharacters} characters of text, found ${characters}`,
    ),
  ]
}

function partFaults(role: Role, part: Part, field: string): Faults {
  const allowed = mayHold[role]
  if (!allowed.has(part.kind)) {
    const names = [...allowed].map(kind => kind.replace('-', '_')).join(', ')
    return fault(true, `${field}.${wireName(part)}`, `a message of role ${role} takes ${names}`)
  }
  // A model's own turn may hold empty text beside its calls, and is given back as it was.
  if (part.kind === 'text' && role !== 'assistant') {
    return fault(part.mayBeEmpty !== true && part.text.trim() === '', `${field}.text`, 'expected text, found none')
  }
  if (part.kind === 'reasoning') {
    const isEmpty = part.text === '' && part.signature === undefined
    return [
      ...fault(isEmpty, `${field}.reasoning`, 'expected a text or a signature'),
      ...fault(
        part.signature !== undefined && part.model === undefined,
        `${field}.reasoning.model`,
        'expected the model that signed it, as the answer named it',
      ),
    ]
  }
  return []
}

/** How far a conversation has come. */
interface ToolState {
  /** Calls of the last message of the assistant that have no result yet, each with its place. */
  readonly open: Map<string, string>
  readonly called: Set<string>
  readonly answered: Set<string>
}

function orderFaults(messages: readonly Message[]): Faults {
  const toolState: ToolState = { open: new Map(), called: new Set(), answered: new Set() }
  const faults = messages.flatMap((message, index) => [
    ...untimelyFaults(message, index, toolState),
    ...message.parts.flatMap((part, at) => toolFaults(part, `messages[${index}].parts[${at}]`, toolState)),
  ])
  const left = [...toolState.open.values()].flatMap(field =>
    fault(true, `${field}.id`, 'expected a tool_result for it'),
  )
  return [...faults, ...left]
}

/** Every call of a message is answered before another role speaks: reported once for each message of calls. */
function untimelyFaults({ role }: Message, index: number, { open }: ToolState): Faults {
  if (role === 'tool') return []
  const wrong = open.size > 0
  open.clear()
  return fault(wrong, `messages[${index}]`, 'expected the results of the tool_calls before it first')
}

function toolFaults(part: Part, field: string, toolState: ToolState): Faults {
  if (part.kind === 'tool-call') return callFaults(part, `${field}.tool_call`, toolState)
  return part.kind === 'tool-result' ? resultFaults(part, `${field}.tool_result`, toolState) : []
}

function callFaults({ id, name }: ToolCallPart, field: string, { open, called, answered }: ToolState): Faults {
  // Some servers give each turn the same ids: only within a turn must they differ.
  const again = open.has(id)
  called.add(id)
  answered.delete(id)
  open.set(id, field)
  return [
    ...fault(id === '' || id.length > longestId, `${field}.id`, `expected 1 to ${longestId} characters`),
    ...fault(again, `${field}.id`, 'expected every id once in a message'),
    ...fault(!toolName.test(name), `${field}.name`, 'expected 1 to 64 letters, digits, _ and -'),
  ]
}

function resultFaults({ callId }: ToolResultPart, field: string, { open, called, answered }: ToolState): Faults {
  const again = answered.has(callId)
  answered.add(callId)
  const wasOpen = open.delete(callId)
  if (!called.has(callId)) {
    return fault(true, `${field}.call_id`, 'expected the id of a tool_call in a message of the assistant before it')
  }
  if (again) return fault(true, `${field}.call_id`, 'expected one result for each tool_call')
  return fault(!wasOpen, `${field}.call_id`, 'expected the result right behind the message of its tool_call')
}

function wholeFaults(messages: readonly Message[]): Faults {
  const asks = messages.some(({ role }) => role === 'user' || role === 'tool')
  return fault(!asks, 'messages', 'expected a message of the user')
}
