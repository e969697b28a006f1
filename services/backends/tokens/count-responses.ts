import { z } from 'zod'
import { openaiDialect } from '../openai/chat-dialect.ts'
import type { OpenaiSpec } from '../openai/openai.ts'
import { encodeResponses } from '../openai/responses-request.ts'
import type { BackendDependencies } from '../backend-dependencies.ts'
import { countOnServer } from './count-on-server.ts'
import type { TokenCounter } from './token-counter.ts'

/** @source OpenAI API reference, "Get input token counts" */
const schema = z.object({ input_tokens: z.int().min(0) }).transform(({ input_tokens: tokens }) => tokens)

/** Counts by OpenAI's Responses. */
export function countByResponses(spec: OpenaiSpec, dependencies: BackendDependencies): TokenCounter {
  const { cachePoints = false } = spec
  const protocol = {
    headers: openaiDialect.headers(spec.apiKey),
    path: () => '/responses/input_tokens',
    body: (work: Parameters<typeof encodeResponses>[0], model: string) => {
      const asked = encodeResponses(work, model, { logprobs: false, cachePoints })
      const { input, instructions, tools, tool_choice: choice, text, reasoning } = asked
      const { parallel_tool_calls: parallel } = asked
      return { model, input, instructions, tools, tool_choice: choice, parallel_tool_calls: parallel, text, reasoning }
    },
    schema,
  }
  return countOnServer(spec, protocol, dependencies)
}
