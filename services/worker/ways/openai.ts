import type { Backend } from '../backend.ts'
import { encodeChat } from '../encode/chat-request.ts'
import { openaiDialect } from '../infer/openai/chat-dialect.ts'
import type { Work } from '../states.ts'
import type { BackendDependencies } from './create-backend.ts'
import { badInput } from './end-leg.ts'
import { chatBackend } from './served/chat.ts'
import { createServed, type ServedSpec } from './served/served.ts'

/** A model behind a server that speaks OpenAI's protocol: vLLM, SGLang, llama.cpp, a provider. */
export interface OpenaiSpec extends ServedSpec {
  readonly kind: 'openai'
  readonly vision: boolean
  readonly logprobs: boolean
  /** `max_tokens` when absent. */
  readonly capField?: 'max_tokens' | 'max_completion_tokens'
}

/** Makes a backend that calls the server. */
export function createOpenaiBackend(spec: OpenaiSpec, dependencies: BackendDependencies): Promise<Backend> {
  const served = createServed(spec, openaiDialect.headers(spec.apiKey), dependencies)
  const { logprobs, capField = 'max_tokens' } = spec
  const chats = chatBackend({
    served,
    dialect: openaiDialect,
    encode: (work, model) => encodeChat(work, { model, logprobs, capField }),
    dependencies,
  })
  return Promise.resolve({
    ...chats,
    run: async (batch, control) =>
      Promise.all(
        batch.map(async work => {
          if (isBlind(work, spec)) return badInput('the model takes no images', {})
          const [outcome] = await chats.run([work], control)
          return outcome ?? badInput('the backend gave no outcome', {})
        }),
      ),
  })
}

function isBlind(work: Work, { vision }: OpenaiSpec): boolean {
  return !vision && work.parts.some(part => part.kind === 'image' || part.kind === 'video')
}
