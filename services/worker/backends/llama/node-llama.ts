import { GatewayError } from '#services/contract/errors'

/** What is used of node-llama-cpp, an add-on that is not installed by default (725 MB). @source node-llama-cpp 3.22, its own types */
export interface NodeLlama {
  getLlama(options: { gpu: false | 'auto'; build: 'never'; logLevel: 'error'; maxThreads: number }): Promise<{
    loadModel(options: { modelPath: string }): Promise<LlamaModel>
  }>
  resolveChatWrapper(model: LlamaModel): ChatWrapper
}

/** A loaded GGUF file. */
export interface LlamaModel {
  readonly tokenizer: unknown
  createContext(options: { contextSize: number; threads: number }): Promise<LlamaContext>
  detokenize(tokens: readonly number[]): string
  dispose(): Promise<void>
}

/** Memory for one conversation at a time. */
export interface LlamaContext {
  getSequence(): LlamaSequence
  dispose(): Promise<void>
}

/** A conversation that is computed token by token. */
export interface LlamaSequence {
  clearHistory(): Promise<void>
  evaluateWithMetadata(
    tokens: readonly number[],
    metadata: { confidence: true },
    options: { temperature: number; yieldEogToken: false },
  ): AsyncIterable<{ readonly token: number; readonly confidence: number }>
}

interface ChatWrapper {
  generateContextState(options: {
    chatHistory: readonly ({ type: 'system' | 'user'; text: string } | { type: 'model'; response: string[] })[]
  }): { contextText: { tokenize(tokenizer: unknown): readonly number[] } }
}

/** The version that the code was tried with. */
const version = '3.22.1'

/** Loads the add-on. @throws GatewayError Config with the line that installs it */
export async function importNodeLlama(): Promise<NodeLlama> {
  // By a name that is not known when the project is compiled: it is no dependency of ours.
  const name = 'node-llama-cpp'
  try {
    return (await import(name)) as NodeLlama
  } catch (error) {
    const message = `backend llama needs an add-on that is not installed: npm install --no-save ${name}@${version}`
    throw new GatewayError('Config', message, {}, { cause: error })
  }
}
