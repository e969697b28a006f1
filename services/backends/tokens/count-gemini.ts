import { z } from 'zod'
import type { GeminiSpec } from '../gemini/gemini.ts'
import { geminiDialect } from '../gemini/gemini-dialect.ts'
import { encodeGemini } from '../gemini/gemini-request.ts'
import type { BackendDependencies } from '../backend-dependencies.ts'
import { countOnServer } from './count-on-server.ts'
import type { TokenCounter } from './token-counter.ts'

/** @source Gemini API reference, "Counting tokens" */
const schema = z.object({ totalTokens: z.int().min(0) }).transform(({ totalTokens }) => totalTokens)

/** Counts by Gemini's `countTokens`. */
export function countByGemini(spec: GeminiSpec, dependencies: BackendDependencies): TokenCounter {
  const protocol = {
    headers: geminiDialect.headers(spec.apiKey),
    path: (model: string) => `/models/${encodeURIComponent(model)}:countTokens`,
    body: (work: Parameters<typeof encodeGemini>[0], model: string) => {
      const { contents, systemInstruction, tools, toolConfig } = encodeGemini(work, spec)
      return { generateContentRequest: { model: `models/${model}`, contents, systemInstruction, tools, toolConfig } }
    },
    schema,
  }
  return countOnServer(spec, protocol, dependencies)
}
