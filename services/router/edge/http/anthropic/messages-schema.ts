import { z } from 'zod'
import { ignored, maybe, only } from '../read-body.ts'

const cached = { cache_control: maybe(z.object({ type: z.literal('ephemeral'), ttl: ignored })) }

/** @source Anthropic API reference, "Messages", as the types of `@anthropic-ai/sdk` 1.13 have it */
const text = z.object({ type: z.literal('text'), text: z.string(), ...cached })
const base64Source = z.object({ type: z.literal('base64'), media_type: z.string(), data: z.string().min(1) })
const urlSource = z.object({ type: z.literal('url'), url: z.string().min(1) })
const textSource = z.object({ type: z.literal('text'), data: z.string(), media_type: ignored })
const image = z.object({
  type: z.literal('image'),
  source: z.discriminatedUnion('type', [base64Source, urlSource]),
  ...cached,
})
const document = z.object({
  type: z.literal('document'),
  source: z.discriminatedUnion('type', [base64Source, urlSource, textSource]),
  title: ignored,
  context: ignored,
  ...cached,
})
const toolResult = z.object({
  type: z.literal('tool_result'),
  tool_use_id: z.string(),
  content: maybe(
    z.union(
      [z.string(), z.array(z.discriminatedUnion('type', [text, image, document]))],
      'expected a text or a list of text, image and document blocks',
    ),
  ),
  is_error: maybe(z.boolean()),
  ...cached,
})
const toolUse = z.object({
  type: z.literal('tool_use'),
  id: z.string(),
  name: z.string(),
  input: z.record(z.string(), z.unknown()),
  ...cached,
})
const thinking = z.object({ type: z.literal('thinking'), thinking: z.string(), signature: maybe(z.string()) })
const redacted = z.object({ type: z.literal('redacted_thinking'), data: z.string() })

const userContent = z.union(
  [z.string(), z.array(z.discriminatedUnion('type', [text, image, document, toolResult]))],
  'expected a text or a list of text, image, document and tool_result blocks',
)
const assistantContent = z.union(
  [z.string(), z.array(z.discriminatedUnion('type', [text, thinking, redacted, toolUse]))],
  'expected a text or a list of text, thinking, redacted_thinking and tool_use blocks',
)
const systemContent = z.union([z.string(), z.array(text)], 'expected a text or a list of text blocks')

const message = z.discriminatedUnion('role', [
  z.object({ role: z.literal('user'), content: userContent }),
  z.object({ role: z.literal('assistant'), content: assistantContent }),
  z.object({ role: z.literal('system'), content: systemContent }),
])

const tool = z.object({
  type: maybe(z.literal('custom', 'only tools of type custom are taken here')),
  name: z.string(),
  description: maybe(z.string()),
  input_schema: z.record(z.string(), z.unknown()),
  strict: maybe(z.boolean()),
  ...cached,
})

const parallel = { disable_parallel_tool_use: maybe(z.boolean()) }
const toolChoice = z.discriminatedUnion('type', [
  z.object({ type: z.literal('auto'), ...parallel }),
  z.object({ type: z.literal('any'), ...parallel }),
  z.object({ type: z.literal('none') }),
  z.object({ type: z.literal('tool'), name: z.string(), ...parallel }),
])

const asked = {
  model: z.string().min(1),
  messages: z.array(message).min(1),
  system: maybe(systemContent),
  tools: maybe(z.array(tool)),
  tool_choice: maybe(toolChoice),
  thinking: maybe(
    z.discriminatedUnion('type', [
      z.object({ type: z.literal('enabled'), budget_tokens: z.int(), display: ignored }),
      z.object({ type: z.literal('disabled') }),
      z.object({ type: z.literal('adaptive'), display: ignored }),
    ]),
  ),
  output_config: maybe(
    z.object({
      effort: maybe(z.enum(['low', 'medium', 'high', 'xhigh', 'max'])),
      format: maybe(z.object({ type: z.literal('json_schema'), schema: z.record(z.string(), z.unknown()) })),
    }),
  ),
  cache_control: ignored,
  context_management: ignored,
  diagnostics: ignored,
}

/**
 * The body of a message. What is not listed is refused by name; what is listed as ignored changes nothing of the
 * answer.
 */
export const messagesSchema = z.strictObject({
  ...asked,
  max_tokens: z.int(),
  temperature: maybe(z.number()),
  top_p: maybe(z.number()),
  top_k: maybe(z.int()),
  stop_sequences: maybe(z.array(z.string())),
  stream: maybe(z.boolean()),
  service_tier: maybe(z.enum(['auto', 'standard_only'])),
  speed: only('standard'),
  metadata: ignored,
})

/** The body of a count of tokens. */
export const countSchema = z.strictObject(asked)

/** A body that was read. */
export type MessagesBody = z.output<typeof messagesSchema>

/** What both bodies have. */
export type CountBody = z.output<typeof countSchema>
