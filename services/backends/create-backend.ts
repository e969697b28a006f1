import type { Backend } from './backend.ts'
import type { BackendDependencies } from './backend-dependencies.ts'
import { GatewayError } from '#services/contract/errors'
import type { AnthropicSpec } from './anthropic/anthropic.ts'
import type { ContrastiveSpec } from './contrastive/contrastive.ts'
import type { EchoSpec } from './echo/echo.ts'
import type { EmbeddingSpec } from './embedding/embedding.ts'
import type { GeminiSpec } from './gemini/gemini.ts'
import type { LlamaSpec } from './llama/llama.ts'
import type { OcrSpec } from './ocr/ocr.ts'
import type { OipSpec } from './open-inference/open-inference.ts'
import type { OpenaiSpec } from './openai/openai.ts'
import type { WhisperSpec } from './whisper/whisper.ts'

/**
 * How a model is computed: the `backend` of a model in the configuration. Properties named `pack` or `…Pack` name
 * model packs.
 */
export type BackendSpec =
  | WhisperSpec
  | OcrSpec
  | EchoSpec
  | EmbeddingSpec
  | ContrastiveSpec
  | OpenaiSpec
  | AnthropicSpec
  | GeminiSpec
  | OipSpec
  | LlamaSpec

type CreateBackend<Spec> = (spec: Spec, dependencies: BackendDependencies) => Promise<Backend>

/** Each backend is imported on demand, so that a process holds only what its own model needs. */
const factories: {
  readonly [Kind in BackendSpec['kind']]: () => Promise<CreateBackend<Extract<BackendSpec, { kind: Kind }>>>
} = {
  anthropic: async () => (await import('./anthropic/anthropic.ts')).createAnthropicBackend,
  contrastive: async () => (await import('./contrastive/contrastive.ts')).createContrastiveBackend,
  echo: async () => (await import('./echo/echo.ts')).createEchoBackend,
  embedding: async () => (await import('./embedding/embedding.ts')).createEmbeddingBackend,
  gemini: async () => (await import('./gemini/gemini.ts')).createGeminiBackend,
  llama: async () => (await import('./llama/llama.ts')).createLlamaBackend,
  ocr: async () => (await import('./ocr/ocr.ts')).createOcrBackend,
  oip: async () => (await import('./open-inference/open-inference.ts')).createOipBackend,
  openai: async () => (await import('./openai/openai.ts')).createOpenaiBackend,
  whisper: async () => (await import('./whisper/whisper.ts')).createWhisperBackend,
}

/**
 * Loads a model and gives it as a backend.
 * @throws GatewayError Config when the model cannot be loaded
 */
export async function createBackend(spec: BackendSpec, dependencies: BackendDependencies): Promise<Backend> {
  if (!(spec.kind in factories)) throw new GatewayError('Config', `no backend of kind ${spec.kind} is built in`)
  // The table gives each kind the factory of its own spec, which indexing by a union cannot express.
  const create = (await factories[spec.kind]()) as CreateBackend<BackendSpec>
  return create(spec, dependencies)
}
