import { existsSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import {
  getLlama,
  LlamaLogLevel,
  resolveChatWrapper,
  type ChatWrapper,
  type Llama,
  type LlamaModel,
  type Token,
} from 'node-llama-cpp'
import { GatewayError } from '#services/contract/errors'
import type { Work } from '#services/backends/work'
import type { BackendDependencies } from '../backend-dependencies.ts'
import { chatHistoryOf } from './conversation.ts'

/** Where the weights of a model are: the pack that holds them, or a file. */
export interface WeightsSpec {
  readonly pack?: string
  /** A file of the operator's own instead of `pack`. */
  readonly file?: string
}

/** ggml's threads spin: with as many as there are cores, whatever else runs makes it compute a tenth as fast. */
export function threadsOf({ threads }: BackendDependencies): number {
  return Math.max(1, Math.min(threads, availableParallelism() - 1))
}

/** Opens llama.cpp. @throws GatewayError Config where it does not run on this machine */
export async function openLibrary(dependencies: BackendDependencies): Promise<Llama> {
  const { executionProviders } = dependencies
  const gpu = executionProviders[0] === 'cpu' ? false : 'auto'
  try {
    return await getLlama({
      gpu,
      build: 'never',
      logLevel: LlamaLogLevel.error,
      maxThreads: threadsOf(dependencies),
    })
  } catch (error) {
    const message = `backend llama has no llama.cpp for ${process.platform}-${process.arch}; it runs on Linux with glibc, x64 and arm64`
    throw new GatewayError('Config', message, {}, { cause: error })
  }
}

/** The GGUF file of a model. @throws GatewayError Config where it is not there */
export function fileOf({ pack, file = '' }: WeightsSpec, { packPath }: BackendDependencies): string {
  if (pack !== undefined) return ggufOf(packPath(pack))
  if (!existsSync(file)) throw new GatewayError('Config', `model file ${file} is not there`)
  return file
}

function ggufOf(folder: string): string {
  const file = readdirSync(folder).find(name => name.endsWith('.gguf'))
  if (file === undefined) throw new GatewayError('Config', `${folder} holds no .gguf file`)
  return join(folder, file)
}

/** The template that came with the weights; the binding's own guesses begin some models' prompts twice. */
export function templateOf(model: LlamaModel): ChatWrapper {
  const hasOwn = model.fileInfo.metadata.tokenizer.chat_template !== undefined
  return resolveChatWrapper(model, hasOwn ? { type: 'jinjaTemplate' } : {})
}

/** What a leg asks as the model reads it, with its own chat template. */
export function promptTokensOf(
  work: Work,
  { model, template }: { readonly model: LlamaModel; readonly template: ChatWrapper },
): Token[] {
  const { contextText } = template.generateContextState({ chatHistory: chatHistoryOf(work) })
  return contextText.tokenize(model.tokenizer)
}

/**
 * What of a prompt is nobody's: the template's own beginning, and the recipe's system prompt and examples as long as
 * nothing of the caller stands before them.
 */
export function sharedTokensOf(
  work: Work,
  prompt: readonly Token[],
  loaded: Parameters<typeof promptTokensOf>[1],
): Token[] {
  const { messages: _messages, ...rest } = work
  const bare = promptTokensOf({ ...rest, options: {}, parts: [{ kind: 'text', text: '' }] }, loaded)
  const end = bare.findIndex((token, place) => token !== prompt[place])
  return bare.slice(0, end === -1 ? bare.length : end)
}
