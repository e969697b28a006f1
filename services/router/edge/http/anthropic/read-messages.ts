import type { Cacheable, Part, TaskOptions, Tool } from '#services/contract/content'
import { conversationOf } from '#services/contract/conversation'
import { invalidField } from '#services/contract/errors'
import type { Asked } from '../infer.ts'
import { mediaOfBase64, mediaOfUrl } from '../read-media.ts'
import { readSeal } from '../reasoning-seal.ts'
import { present } from '../request-headers.ts'
import { placeMedia, readResult, type ReadMessage } from '../body/result-media.ts'
import type { CountBody, MessagesBody } from './messages-schema.ts'

type WireMessage = CountBody['messages'][number]
type UserBlock = Exclude<Extract<WireMessage, { role: 'user' }>['content'], string>[number]
type ResultBlock = Extract<UserBlock, { type: 'tool_result' }>
type AssistantBlock = Exclude<Extract<WireMessage, { role: 'assistant' }>['content'], string>[number]

/** What a message asks for. @throws GatewayError InvalidRequest for media that cannot be read */
export function readMessages(body: MessagesBody): Asked {
  const { temperature, top_p: topP, top_k: topK, stop_sequences: stop, service_tier: tier } = body
  const counted = readCounted(body)
  return {
    ...counted,
    options: {
      ...counted.options,
      maxOutputTokens: body.max_tokens,
      ...present('temperature', temperature),
      ...present('topP', topP),
      ...present('topK', topK),
      ...present('stop', stop),
      ...(tier === 'standard_only' ? { serviceTier: 'default' as const } : {}),
    },
  }
}

/** What a count of tokens is asked of. */
export function readCounted(body: CountBody): Asked {
  const { system } = body
  const isSilent = system === null || system === undefined || system.length === 0
  const first = isSilent ? [] : [{ name: 'system', message: { role: 'system' as const, parts: textParts(system) } }]
  const rest = body.messages.flatMap((message, index) => {
    const name = `messages[${index}]`
    return readMessage(message, `${name}.content`).map(one => ({ name, ...one }))
  })
  const messages = placeMedia([...first, ...rest])
  return {
    task: 'generate',
    model: body.model,
    ...conversationOf(messages.map(({ message }) => message)),
    options: { ...readTools(body), ...readReasoning(body), ...readFormat(body) },
    names: { list: 'messages', messages: messages.map(({ name }) => name), options: optionNames },
  }
}

const optionNames = {
  max_output_tokens: 'max_tokens',
  stop: 'stop_sequences',
  'stop[]': 'stop_sequences[]',
  'reasoning.max_tokens': 'thinking.budget_tokens',
  'reasoning.effort': 'output_config.effort',
  response_format: 'output_config.format',
  'response_format.json_schema.schema_json': 'output_config.format.schema',
  'tools[].parameters_json': 'tools[].input_schema',
}

function readMessage(message: WireMessage, field: string): readonly Omit<ReadMessage, 'name'>[] {
  if (message.role === 'system') return [{ message: { role: 'system', parts: textParts(message.content) } }]
  if (message.role === 'assistant') {
    const { content } = message
    const parts = typeof content === 'string' ? textParts(content) : content.map(readAssistantBlock)
    // What was thought comes first, wherever a stream had to put its proof.
    const thought = parts.filter(part => part.kind === 'reasoning')
    const said = parts.filter(part => part.kind !== 'reasoning')
    const all = parts.length === 0 ? textParts('') : [...thought, ...said]
    return [{ message: { role: 'assistant', parts: all } }]
  }
  if (typeof message.content === 'string') return [{ message: { role: 'user', parts: textParts(message.content) } }]
  const blocks = message.content.map((block, index) => ({ block, field: `${field}[${index}]` }))
  const results = blocks.flatMap(one => (one.block.type === 'tool_result' ? readResultBlock(one.block, one.field) : []))
  const rest = blocks.flatMap(one => (one.block.type === 'tool_result' ? [] : readUserBlock(one.block, one.field)))
  const parts = results.map(({ result }) => result)
  const media = results.flatMap(one => one.media)
  return [
    ...(parts.length === 0 ? [] : [{ message: { role: 'tool' as const, parts }, media }]),
    ...(rest.length === 0 && parts.length > 0 ? [] : [{ message: { role: 'user' as const, parts: rest } }]),
  ]
}

function readResultBlock(block: ResultBlock, field: string) {
  const { content } = block
  const said =
    typeof content === 'string' || content === null || content === undefined
      ? textParts(content ?? '')
      : content.map((one, index) => readUserBlock(one, `${field}.content[${index}]`))
  const failed = block.is_error === true ? { isError: true as const } : {}
  return readResult({ callId: block.tool_use_id, ...failed, ...cachePointOf(block) }, said, '\n')
}

function textParts(content: string | readonly TextBlock[]): readonly Part[] {
  if (typeof content === 'string') return [{ kind: 'text', text: content }]
  return content.map(block => ({ kind: 'text', text: block.text, ...cachePointOf(block) }))
}

interface TextBlock {
  readonly text: string
  readonly cache_control?: object | null | undefined
}

function cachePointOf({ cache_control: control }: { readonly cache_control?: object | null | undefined }): Cacheable {
  return control === undefined || control === null ? {} : { cachePoint: true }
}

function readUserBlock(block: Exclude<UserBlock, ResultBlock>, field: string): Part {
  const cached = cachePointOf(block)
  if (block.type === 'text') return { kind: 'text', text: block.text, ...cached }
  const { source } = block
  if (source.type === 'text') return { kind: 'text', text: source.data, ...cached }
  const part =
    source.type === 'url'
      ? mediaOfUrl(block.type, source.url, `${field}.source.url`)
      : mediaOfBase64(block.type, source.data, `${field}.source.data`, source.media_type)
  return { ...part, ...cached }
}

function readAssistantBlock(block: AssistantBlock): Part {
  if (block.type === 'text') return { kind: 'text', text: block.text, ...cachePointOf(block) }
  if (block.type === 'thinking') return { kind: 'reasoning', text: block.thinking, ...readSeal(block.signature) }
  if (block.type === 'redacted_thinking') return { kind: 'reasoning', text: '', ...readSeal(block.data) }
  const { id, name, input } = block
  return { kind: 'tool-call', id, name, argumentsJson: JSON.stringify(input), ...cachePointOf(block) }
}

const choices = { auto: 'auto', any: 'required', none: 'none' } as const

function readTools({ tools, tool_choice: choice }: CountBody): TaskOptions {
  if (tools === null || tools === undefined || tools.length === 0) {
    if (choice?.type === 'any' || choice?.type === 'tool') {
      throw invalidField('tool_choice', 'there are no tools to choose from')
    }
    return {}
  }
  return {
    tools: tools.map((tool): Tool => ({
      name: tool.name,
      parametersJson: JSON.stringify(tool.input_schema),
      ...present('description', tool.description),
      ...present('strict', tool.strict),
      ...cachePointOf(tool),
    })),
    ...(choice === null || choice === undefined ? {} : readChoice(choice)),
  }
}

function readChoice(choice: NonNullable<CountBody['tool_choice']>): TaskOptions {
  const isSerial = choice.type !== 'none' && choice.disable_parallel_tool_use === true
  return {
    toolChoice: choice.type === 'tool' ? choice.name : choices[choice.type],
    ...(isSerial ? { parallelToolCalls: false } : {}),
  }
}

function readReasoning({ thinking, output_config: config }: CountBody): TaskOptions {
  const budget = thinking?.type === 'enabled' ? thinking.budget_tokens : undefined
  const effort = config?.effort
  const reasoning = { ...present('maxTokens', budget), ...present('effort', effort) }
  return Object.keys(reasoning).length === 0 ? {} : { reasoning }
}

function readFormat({ output_config: config }: CountBody): TaskOptions {
  const format = config?.format
  if (format === null || format === undefined) return {}
  return { responseFormat: { kind: 'json-schema', schemaJson: JSON.stringify(format.schema) } }
}
