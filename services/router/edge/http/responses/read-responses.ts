import type { Part, TaskOptions, Tool } from '#services/contract/content'
import { conversationOf } from '#services/contract/conversation'
import { invalidField } from '#services/contract/errors'
import type { Asked } from '../infer.ts'
import { demandNoTool, isBlank, mediaOfFile, spoken } from '../openai/read-chat.ts'
import { mediaOfUrl } from '../read-media.ts'
import { readSeal } from '../reasoning-seal.ts'
import { present } from '../request-headers.ts'
import { placeMedia, readResult, type ReadMessage } from '../body/result-media.ts'
import type { ResponsesBody } from './responses-schema.ts'

type Item = Exclude<ResponsesBody['input'], string>[number]
type InputContent = Extract<Item, { role: 'user' }>['content']

/** What a response is asked for. @throws GatewayError InvalidRequest for media that cannot be read */
export function readResponses(body: ResponsesBody): Asked {
  const { input, instructions } = body
  const first: readonly ReadMessage[] =
    instructions === null || instructions === undefined || isBlank(instructions)
      ? []
      : [{ name: 'instructions', message: { role: 'system', parts: [{ kind: 'text', text: instructions }] } }]
  const rest: readonly ReadMessage[] =
    typeof input === 'string'
      ? [{ name: 'input', message: { role: 'user', parts: [{ kind: 'text', text: input }] } }]
      : joined(
          input.flatMap((item, index) => {
            const name = `input[${index}]`
            return isSilent(item) ? [] : [{ name, ...readItem(item, name) }]
          }),
        )
  const messages = placeMedia([...first, ...rest])
  return {
    task: 'generate',
    model: body.model,
    ...conversationOf(messages.map(({ message }) => message)),
    options: { ...readSampling(body), ...readFormat(body), ...readTools(body) },
    names: {
      list: 'input',
      messages: messages.map(({ name }) => name),
      tools: { call: 'call_id', result: 'call_id' },
      options: optionNames,
    },
  }
}

const optionNames = {
  'tools[].parameters_json': 'tools[].parameters',
  response_format: 'text.format',
  'response_format.json_schema.name': 'text.format.name',
  'response_format.json_schema.schema_json': 'text.format.schema',
}

/** Many programs send an instruction that their user left empty. */
function isSilent(item: Item): boolean {
  if (!('role' in item) || (item.role !== 'system' && item.role !== 'developer')) return false
  const { content } = item
  return typeof content === 'string' ? isBlank(content) : content.every(part => 'text' in part && isBlank(part.text))
}

/** Items of the assistant in a row are one message of it. */
function joined(messages: readonly ReadMessage[]): readonly ReadMessage[] {
  const all: ReadMessage[] = []
  for (const one of messages) {
    const last = all.at(-1)
    if (one.message.role === 'assistant' && last?.message.role === 'assistant') {
      const parts = [...last.message.parts, ...one.message.parts]
      all[all.length - 1] = { name: last.name, message: { role: 'assistant', parts } }
    } else all.push(one)
  }
  return all
}

function readItem(item: Item, field: string): Omit<ReadMessage, 'name'> {
  if ('role' in item) {
    if (item.role === 'assistant') return { message: { role: 'assistant', parts: assistantParts(item.content) } }
    const role = item.role === 'user' ? 'user' : 'system'
    return { message: { role, parts: inputParts(item.content, `${field}.content`) } }
  }
  if (item.type === 'function_call_output') {
    const parts = inputParts(item.output, `${field}.output`)
    const { result, media } = readResult({ callId: item.call_id }, parts, '\n')
    return { message: { role: 'tool', parts: [result] }, media }
  }
  return { message: { role: 'assistant', parts: [readOwn(item)] } }
}

/** What a model did beside speaking. */
function readOwn(item: Extract<Item, { type: 'function_call' | 'reasoning' }>): Part {
  if (item.type === 'function_call') {
    const { call_id: id, name, arguments: argumentsJson } = item
    return { kind: 'tool-call', id, name, argumentsJson }
  }
  const text = (item.content ?? item.summary).map(part => part.text).join('\n')
  return { kind: 'reasoning', text, ...readSeal(item.encrypted_content) }
}

function assistantParts(content: Extract<Item, { role: 'assistant' }>['content']): readonly Part[] {
  if (typeof content === 'string') return [{ kind: 'text', text: content }]
  const texts = content.map(part => ('text' in part ? part.text : part.refusal))
  return (texts.length === 0 ? [''] : texts).map(text => ({ kind: 'text', text }))
}

function inputParts(content: InputContent, field: string): readonly Part[] {
  if (typeof content === 'string') return spoken([{ kind: 'text', text: content }])
  const parts = content.map((part, index): Part => {
    const place = `${field}[${index}]`
    if (part.type === 'input_text') return { kind: 'text', text: part.text }
    if (part.type === 'input_image') return mediaOfUrl('image', part.image_url, `${place}.image_url`)
    if (typeof part.file_data === 'string') return mediaOfFile(part.file_data, `${place}.file_data`)
    if (typeof part.file_url === 'string') return mediaOfUrl('document', part.file_url, `${place}.file_url`)
    throw invalidField(place, 'expected file_data or file_url')
  })
  return spoken(parts)
}

function readSampling(body: ResponsesBody): TaskOptions {
  const effort = body.reasoning?.effort
  return {
    ...present('maxOutputTokens', body.max_output_tokens),
    ...present('temperature', body.temperature),
    ...present('topP', body.top_p),
    ...present('serviceTier', body.service_tier),
    ...present('promptCacheKey', body.prompt_cache_key),
    ...(effort === null || effort === undefined ? {} : { reasoning: { effort } }),
  }
}

function readFormat({ text }: ResponsesBody): TaskOptions {
  const format = text?.format
  if (format === null || format === undefined || format.type === 'text') return {}
  if (format.type === 'json_object') return { responseFormat: { kind: 'json-object' } }
  const { name, schema, description, strict } = format
  return {
    responseFormat: {
      kind: 'json-schema',
      name,
      schemaJson: JSON.stringify(schema),
      ...present('description', description),
      ...present('strict', strict),
    },
  }
}

function readTools({ tools, tool_choice: choice, parallel_tool_calls: parallel }: ResponsesBody): TaskOptions {
  if (tools === null || tools === undefined || tools.length === 0) {
    demandNoTool(choice)
    return {}
  }
  return {
    tools: tools.map(({ name, description, parameters, strict }): Tool => ({
      name,
      parametersJson: JSON.stringify(parameters ?? { type: 'object', properties: {} }),
      ...present('description', description),
      ...present('strict', strict),
    })),
    ...present('toolChoice', typeof choice === 'object' ? choice?.name : choice),
    ...present('parallelToolCalls', parallel),
  }
}
