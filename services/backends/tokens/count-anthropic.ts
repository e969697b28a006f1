import { z } from 'zod'
import type { AnthropicSpec } from '../anthropic/anthropic.ts'
import { messagesDialect } from '../anthropic/messages-dialect.ts'
import { encodeMessages } from '../anthropic/messages-request.ts'
import type { BackendDependencies } from '../backend-dependencies.ts'
import { countOnServer } from './count-on-server.ts'
import type { TokenCounter } from './token-counter.ts'

/** @source Anthropic API reference, "Count tokens in a Message" */
const schema = z.object({ input_tokens: z.int().min(0) }).transform(({ input_tokens: tokens }) => tokens)

/** Counts by Anthropic's `count_tokens`, which takes what a message takes but what its answer is written with. */
export function countByAnthropic(spec: AnthropicSpec, dependencies: BackendDependencies): TokenCounter {
  const protocol = {
    headers: messagesDialect.headers(spec.apiKey),
    path: () => '/messages/count_tokens',
    body: (work: Parameters<typeof encodeMessages>[0], model: string) => {
      const { messages, system, tools, tool_choice: choice, thinking } = encodeMessages(work, model, spec)
      return { model, messages, system, tools, tool_choice: choice, thinking }
    },
    schema,
  }
  return countOnServer(spec, protocol, dependencies)
}
