import { z } from 'zod'
import { serviceTier } from '../openai/chat-schema.ts'
import { ignored, maybe, only } from '../read-body.ts'

/** @source OpenAI API reference, "Create a model response", as the types of `openai` 6.49 have it */
const inputText = z.object({ type: z.literal('input_text'), text: z.string() })
const inputImage = z.object({ type: z.literal('input_image'), image_url: z.string().min(1), detail: ignored })
const inputFile = z.object({
  type: z.literal('input_file'),
  file_data: maybe(z.string().min(1)),
  file_url: maybe(z.string().min(1)),
  filename: ignored,
})
const outputText = z.object({ type: z.literal('output_text'), text: z.string() })
const refusal = z.object({ type: z.literal('refusal'), refusal: z.string() })

const asked = z.union(
  [z.string(), z.array(z.discriminatedUnion('type', [inputText, inputImage, inputFile]))],
  'expected a text or a list of input_text, input_image and input_file',
)
const messageText = z.union(
  [z.string(), z.array(z.discriminatedUnion('type', [outputText, refusal, inputText]))],
  'expected a text or a list of output_text',
)
const messageType = { type: maybe(z.literal('message')) }

const item = z.union(
  [
    z.object({ ...messageType, role: z.enum(['system', 'developer']), content: asked }),
    z.object({ ...messageType, role: z.literal('user'), content: asked }),
    z.object({ ...messageType, role: z.literal('assistant'), content: messageText }),
    z.object({ type: z.literal('function_call'), call_id: z.string(), name: z.string(), arguments: z.string() }),
    z.object({
      type: z.literal('function_call_output'),
      call_id: z.string(),
      output: asked,
    }),
    z.object({
      type: z.literal('reasoning'),
      summary: z.array(z.object({ text: z.string() })),
      content: maybe(z.array(z.object({ text: z.string() }))),
      encrypted_content: maybe(z.string()),
    }),
  ],
  'expected a message, a function_call, a function_call_output or a reasoning item of this wire',
)

const tool = z.object({
  type: z.literal('function', 'only tools of type function are taken here'),
  name: z.string(),
  description: maybe(z.string()),
  parameters: maybe(z.record(z.string(), z.unknown())),
  strict: maybe(z.boolean()),
})

const format = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    name: z.string(),
    description: maybe(z.string()),
    schema: z.record(z.string(), z.unknown()),
    strict: maybe(z.boolean()),
  }),
])

/** The body of a response. Nothing is kept here, so that there is no earlier response to go on from. */
export const responsesSchema = z.strictObject({
  model: z.string().min(1),
  input: z.union([z.string(), z.array(item)], 'expected a text or a list of items'),
  instructions: maybe(z.string()),
  max_output_tokens: maybe(z.int()),
  temperature: maybe(z.number()),
  top_p: maybe(z.number()),
  tools: maybe(z.array(tool)),
  tool_choice: maybe(
    z.union(
      [z.enum(['auto', 'none', 'required']), z.object({ type: z.literal('function'), name: z.string() })],
      'expected auto, none, required, or a function by its name',
    ),
  ),
  parallel_tool_calls: maybe(z.boolean()),
  text: maybe(z.object({ format: maybe(format), verbosity: only('medium') })),
  reasoning: maybe(
    z.object({
      effort: maybe(z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])),
      summary: ignored,
      generate_summary: ignored,
    }),
  ),
  service_tier: maybe(serviceTier),
  prompt_cache_key: maybe(z.string()),
  stream: maybe(z.boolean()),
  background: only(false),
  top_logprobs: only(0),
  truncation: only('disabled'),
  include: ignored,
  metadata: maybe(z.record(z.string(), z.string())),
  prompt_cache_options: ignored,
  prompt_cache_retention: ignored,
  client_metadata: ignored,
  safety_identifier: ignored,
  store: only(false),
  stream_options: ignored,
  user: ignored,
})

/** A body that was read. */
export type ResponsesBody = z.output<typeof responsesSchema>
