import type { Backend } from '../backend.ts'
import { encodeGemini } from './gemini-request.ts'
import { geminiDialect } from './gemini-dialect.ts'
import type { BackendDependencies } from '../backend-dependencies.ts'
import { chatBackend } from '../remote/chat.ts'
import { createServed, type ServedSpec } from '../remote/served.ts'

/** A model behind Gemini's generateContent. */
export interface GeminiSpec extends ServedSpec {
  readonly kind: 'gemini'
  readonly logprobs: boolean
  readonly thinking?: 'budget' | 'level'
}

/** Makes a backend that calls the server. */
export function createGeminiBackend(spec: GeminiSpec, dependencies: BackendDependencies): Promise<Backend> {
  const served = createServed(spec, geminiDialect.headers(spec.apiKey), dependencies)
  const encode = (work: Parameters<typeof encodeGemini>[0]): object => encodeGemini(work, spec)
  return Promise.resolve(chatBackend({ served, dialect: geminiDialect, encode, logprobs: spec.logprobs, dependencies }))
}
