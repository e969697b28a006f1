import { z } from 'zod'
import { ignored, maybe, only } from '../read-body.ts'

/** @source OpenAI API reference, "Create chat completion", as the types of `openai` 6.49 have it */
const textPart = z.object({ type: z.literal('text'), text: z.string() })
const imagePart = z.object({
  type: z.literal('image_url'),
  image_url: z.object({ url: z.string().min(1), detail: ignored }),
})
const audioPart = z.object({
  type: z.literal('input_audio'),
  input_audio: z.object({ data: z.string().min(1), format: z.string() }),
})
const filePart = z.object({
  type: z.literal('file'),
  file: z.object({ file_data: z.string().min(1), filename: maybe(z.string()) }),
})
const refusalPart = z.object({ type: z.literal('refusal'), refusal: z.string() })

const words = z.union([z.string(), z.array(textPart)], 'expected a text or a list of text parts')
const userPart = z.discriminatedUnion('type', [textPart, imagePart, audioPart, filePart])
const toolCall = z.object({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string() }),
})

const message = z.discriminatedUnion('role', [
  z.object({ role: z.literal('system'), content: words }),
  z.object({ role: z.literal('developer'), content: words }),
  z.object({
    role: z.literal('user'),
    content: z.union([z.string(), z.array(userPart)], 'expected a text or a list of parts'),
  }),
  z.object({
    role: z.literal('assistant'),
    content: maybe(
      z.union([z.string(), z.array(z.discriminatedUnion('type', [textPart, refusalPart]))], 'expected a text'),
    ),
    refusal: maybe(z.string()),
    tool_calls: maybe(z.array(toolCall)),
  }),
  z.object({
    role: z.literal('tool'),
    tool_call_id: z.string(),
    content: z.union(
      [z.string(), z.array(z.discriminatedUnion('type', [textPart, imagePart, filePart]))],
      'expected a text or a list of text, image_url and file parts',
    ),
  }),
])

const tool = z.object({
  type: z.literal('function', 'only tools of type function are taken here'),
  function: z.object({
    name: z.string(),
    description: maybe(z.string()),
    parameters: maybe(z.record(z.string(), z.unknown())),
    strict: maybe(z.boolean()),
  }),
})

const toolChoice = z.union(
  [
    z.enum(['auto', 'none', 'required']),
    z.object({ type: z.literal('function'), function: z.object({ name: z.string() }) }),
  ],
  'expected auto, none, required, or a function by its name',
)

const responseFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({
      name: z.string(),
      description: maybe(z.string()),
      schema: maybe(z.record(z.string(), z.unknown())),
      strict: maybe(z.boolean()),
    }),
  }),
])

/** Where a request stands in line. OpenAI calls its tier `priority` `fast` as well. */
export const serviceTier = z
  .enum(['auto', 'default', 'flex', 'priority', 'fast'], 'expected auto, default, flex, priority or fast')
  .transform(tier => (tier === 'fast' ? 'priority' : tier))

/**
 * The body of a chat. What is not listed is refused by name; what is listed as ignored changes nothing of the
 * answer.
 */
export const chatSchema = z.strictObject({
  model: z.string().min(1),
  messages: z.array(message).min(1),
  max_completion_tokens: maybe(z.int()),
  max_tokens: maybe(z.int()),
  temperature: maybe(z.number()),
  top_p: maybe(z.number()),
  seed: maybe(z.int()),
  stop: maybe(z.union([z.string(), z.array(z.string())], 'expected a text or a list of texts')),
  presence_penalty: maybe(z.number()),
  frequency_penalty: maybe(z.number()),
  response_format: maybe(responseFormat),
  reasoning_effort: maybe(z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])),
  tools: maybe(z.array(tool)),
  tool_choice: maybe(toolChoice),
  parallel_tool_calls: maybe(z.boolean()),
  service_tier: maybe(serviceTier),
  prompt_cache_key: maybe(z.string()),
  stream: maybe(z.boolean()),
  stream_options: maybe(z.object({ include_usage: maybe(z.boolean()), include_obfuscation: ignored })),
  n: only(1),
  logprobs: only(false),
  top_logprobs: only(0),
  logit_bias: maybe(z.record(z.string(), z.never())),
  modalities: maybe(z.array(z.literal('text', 'only text is given here'))),
  verbosity: only('medium'),
  store: ignored,
  metadata: ignored,
  prediction: ignored,
  prompt_cache_options: ignored,
  prompt_cache_retention: ignored,
  safety_identifier: ignored,
  user: ignored,
})

/** A body that was read. */
export type ChatBody = z.output<typeof chatSchema>

/** One of its messages. */
export type ChatMessage = ChatBody['messages'][number]
