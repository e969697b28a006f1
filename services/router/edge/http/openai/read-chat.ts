import type { Part, TaskOptions, Tool } from '#services/contract/content'
import { conversationOf } from '#services/contract/conversation'
import { invalidField } from '#services/contract/errors'
import type { Asked } from '../infer.ts'
import { mediaOfBase64, mediaOfUrl } from '../read-media.ts'
import { present } from '../request-headers.ts'
import { placeMedia, readResult, type ReadMessage } from '../body/result-media.ts'
import type { ChatBody, ChatMessage } from './chat-schema.ts'

/** What a chat asks for. @throws GatewayError InvalidRequest for media that cannot be read */
export function readChat(body: ChatBody): Asked {
  const messages = placeMedia(
    body.messages.flatMap((message, index) => {
      const name = `messages[${index}]`
      return isSilent(message) ? [] : [{ name, ...readMessage(message, name) }]
    }),
  )
  return {
    task: 'generate',
    model: body.model,
    ...conversationOf(messages.map(({ message }) => message)),
    options: { ...readSampling(body), ...readFormat(body), ...readTools(body) },
    names: {
      list: 'messages',
      messages: messages.map(({ name }) => name),
      tools: { call: 'tool_calls', result: 'tool_call_id' },
      options: { ...optionNames, ...(typeof body.max_tokens === 'number' ? { max_output_tokens: 'max_tokens' } : {}) },
    },
  }
}

const optionNames = {
  max_output_tokens: 'max_completion_tokens',
  'reasoning.effort': 'reasoning_effort',
  'tools[].name': 'tools[].function.name',
  'tools[].description': 'tools[].function.description',
  'tools[].parameters_json': 'tools[].function.parameters',
  'response_format.json_schema.schema_json': 'response_format.json_schema.schema',
}

/** Many programs send an instruction that their user left empty. */
function isSilent({ role, content }: ChatMessage): boolean {
  if (role !== 'system' && role !== 'developer') return false
  return typeof content === 'string' ? isBlank(content) : content.every(({ text }) => isBlank(text))
}

function readMessage(message: ChatMessage, field: string): Omit<ReadMessage, 'name'> {
  if (message.role === 'assistant') return { message: { role: 'assistant', parts: assistantParts(message) } }
  const { content } = message
  if (message.role === 'user') {
    return { message: { role: 'user', parts: spoken(userParts(content, `${field}.content`)) } }
  }
  if (message.role !== 'tool') return { message: { role: 'system', parts: userParts(content, field) } }
  const parts = userParts(content, `${field}.content`)
  const { result, media } = readResult({ callId: message.tool_call_id }, parts, '')
  return { message: { role: 'tool', parts: [result] }, media }
}

type UserContent = Extract<ChatMessage, { role: 'user' }>['content']

function userParts(content: UserContent, field: string): readonly Part[] {
  if (typeof content === 'string') return [{ kind: 'text', text: content }]
  return content.map((part, index) => readUserPart(part, `${field}[${index}]`))
}

/** This wire takes texts without a word. Empty ones say nothing beside others; one alone is a message all the same. */
export function spoken(parts: readonly Part[]): readonly Part[] {
  const said = parts.filter(part => part.kind !== 'text' || part.text !== '')
  return (said.length > 0 ? said : parts.slice(0, 1)).map(part =>
    part.kind === 'text' && isBlank(part.text) ? { ...part, mayBeEmpty: true } : part,
  )
}

/** Whether a text has no word. */
export function isBlank(text: string): boolean {
  return text.trim() === ''
}

function readUserPart(part: Exclude<UserContent, string>[number], field: string): Part {
  if (part.type === 'text') return { kind: 'text', text: part.text }
  if (part.type === 'image_url') return mediaOfUrl('image', part.image_url.url, `${field}.image_url.url`)
  if (part.type === 'file') return mediaOfFile(part.file.file_data, `${field}.file.file_data`)
  return mediaOfBase64('audio', part.input_audio.data, `${field}.input_audio.data`)
}

/** A file comes as a data URL, or as base64 alone. */
export function mediaOfFile(data: string, field: string): Part {
  return data.startsWith('data:') ? mediaOfUrl('document', data, field) : mediaOfBase64('document', data, field)
}

function assistantParts(message: Extract<ChatMessage, { role: 'assistant' }>): readonly Part[] {
  const { content, refusal, tool_calls: calls } = message
  const contentTexts =
    typeof content === 'string' ? [content] : (content ?? []).map(part => ('text' in part ? part.text : part.refusal))
  const texts = [...contentTexts, ...(refusal === null || refusal === undefined ? [] : [refusal])].filter(
    text => text !== '',
  )
  const parts: Part[] = [
    ...texts.map(text => ({ kind: 'text' as const, text })),
    ...(calls ?? []).map(call => ({
      kind: 'tool-call' as const,
      id: call.id,
      name: call.function.name,
      argumentsJson: call.function.arguments,
    })),
  ]
  return parts.length > 0 ? parts : [{ kind: 'text', text: '' }]
}

function readSampling(body: ChatBody): TaskOptions {
  const { stop } = body
  return {
    ...present('maxOutputTokens', body.max_completion_tokens ?? body.max_tokens),
    ...present('temperature', body.temperature),
    ...present('topP', body.top_p),
    ...present('seed', body.seed),
    ...present('stop', typeof stop === 'string' ? [stop] : stop),
    ...present('presencePenalty', body.presence_penalty),
    ...present('frequencyPenalty', body.frequency_penalty),
    ...present('serviceTier', body.service_tier),
    ...present('promptCacheKey', body.prompt_cache_key),
    ...(body.reasoning_effort === null || body.reasoning_effort === undefined
      ? {}
      : { reasoning: { effort: body.reasoning_effort } }),
  }
}

function readFormat({ response_format: format }: ChatBody): TaskOptions {
  if (format === null || format === undefined || format.type === 'text') return {}
  if (format.type === 'json_object') return { responseFormat: { kind: 'json-object' } }
  const { name, description, schema, strict } = format.json_schema
  return {
    responseFormat: {
      kind: 'json-schema',
      name,
      schemaJson: JSON.stringify(schema ?? {}),
      ...present('description', description),
      ...present('strict', strict),
    },
  }
}

function readTools({ tools, tool_choice: choice, parallel_tool_calls: parallel }: ChatBody): TaskOptions {
  if (tools === null || tools === undefined || tools.length === 0) {
    demandNoTool(choice)
    return {}
  }
  return {
    tools: tools.map(({ function: { name, description, parameters, strict } }): Tool => ({
      name,
      parametersJson: JSON.stringify(parameters ?? { type: 'object', properties: {} }),
      ...present('description', description),
      ...present('strict', strict),
    })),
    ...present('toolChoice', typeof choice === 'object' ? choice?.function.name : choice),
    ...present('parallelToolCalls', parallel),
  }
}

/** Nothing is left of a choice without tools. @throws GatewayError InvalidRequest for one that needs a tool */
export function demandNoTool(choice: unknown): void {
  const isNone = choice === null || choice === undefined || choice === 'auto' || choice === 'none'
  if (!isNone) throw invalidField('tool_choice', 'there are no tools to choose from')
}
