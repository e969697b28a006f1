import type { Backend } from '../backend.ts'
import { encodeChat } from './chat-request.ts'
import { openaiDialect } from './chat-dialect.ts'
import type { BudgetField } from './provider-fields.ts'
import { responsesDialect } from './responses-dialect.ts'
import { encodeResponses } from './responses-request.ts'
import type { Work } from '#services/backends/work'
import { silentMeter } from '../remote/upstream-meter.ts'
import type { BackendDependencies } from '../backend-dependencies.ts'
import { badInput } from '../end-leg.ts'
import { chatBackend } from '../remote/chat.ts'
import { guardBackend } from '../remote/guard-backend.ts'
import { createServed, type ServedSpec } from '../remote/served.ts'
import { runDrawing, runEmbedding, runTranscription, type WholeParts } from '../remote/whole.ts'

/** A model behind a server that speaks OpenAI's protocol: vLLM, SGLang, llama.cpp, a provider. */
export interface OpenaiSpec extends ServedSpec {
  readonly kind: 'openai'
  /** Which of the protocol's chats is spoken; `chat` when absent. */
  readonly api?: 'chat' | 'responses'
  readonly vision: boolean
  readonly logprobs: boolean
  /** Whether the server holds answers to a schema; it is put in words where not. True when absent. */
  readonly structured?: boolean
  /** Field of a reasoning budget, where the server has one. */
  readonly budgetField?: BudgetField
  /** Whether cache points are sent; false when absent. */
  readonly cachePoints?: boolean
  /** `max_tokens` when absent. */
  readonly capField?: 'max_tokens' | 'max_completion_tokens'
  /** `embed`: the space that its vectors live in; the served name when absent. */
  readonly space?: string
  /** `transcribe`: asks for segments, from which confidence follows; true when absent. */
  readonly segments?: boolean
  /** `generate_image`: asks for base64 by name; true when absent. */
  readonly asksBase64?: boolean
}

/** Makes a backend that calls the server: chats, embeddings, transcriptions and pictures, by the task. */
export function createOpenaiBackend(spec: OpenaiSpec, dependencies: BackendDependencies): Promise<Backend> {
  const served = createServed(spec, openaiDialect.headers(spec.apiKey), dependencies)
  const { logprobs, space = spec.model, segments: verbose = true, asksBase64 = true, api = 'chat' } = spec
  const style = chatStyleOf(spec)
  const encode = (work: Work, model: string): object =>
    api === 'responses'
      ? encodeResponses(work, model, { logprobs, cachePoints: style.cachePoints })
      : encodeChat(work, { model, ...style })
  const chats = chatBackend({
    served,
    dialect: api === 'responses' ? responsesDialect : openaiDialect,
    encode,
    logprobs,
    dependencies,
  })
  const { clock, logger, meter = silentMeter, name } = dependencies
  const odd: WholeParts['odd'] = (work, oddity) => meter.oddity(name ?? served.modelFor(work), oddity)
  const parts: WholeParts = { served, space, verbose, asksBase64, now: () => clock.now(), odd, logger }
  const whole = { embed: runEmbedding, transcribe: runTranscription, generate_image: runDrawing } as const
  const backend: Backend = {
    ...chats,
    run: async (batch, control) => {
      const outcomes = batch.map(work => {
        const { task } = work
        return task === 'embed' || task === 'transcribe' || task === 'generate_image'
          ? whole[task](work, control, parts)
          : chats.run([work], control).then(([outcome]) => outcome ?? badInput('the backend gave no outcome', {}))
      })
      return Promise.all(outcomes)
    },
  }
  return Promise.resolve(
    guardBackend(backend, work => (isBlind(work, spec) ? badInput('the model does not accept images', {}) : undefined)),
  )
}

function chatStyleOf(spec: OpenaiSpec) {
  const { logprobs, capField = 'max_tokens', structured = true, cachePoints = false, budgetField } = spec
  return {
    logprobs,
    capField,
    shapeBy: structured ? 'server' : 'words',
    cachePoints,
    ...(budgetField === undefined ? {} : { budgetField }),
    ...(spec.adapterField === 'lora' ? { loraNumbers: spec.adapters ?? {} } : {}),
  } as const
}

function isBlind(work: Work, { vision }: OpenaiSpec): boolean {
  return !vision && work.parts.some(part => part.kind === 'image' || part.kind === 'video')
}
