import type { ChatWrapper, LlamaModel } from 'node-llama-cpp'
import type { BackendDependencies } from '../backend-dependencies.ts'
import type { TokenCounter } from '../tokens/token-counter.ts'
import { fileOf, openLibrary, promptTokensOf, templateOf, type WeightsSpec } from './weights.ts'

/**
 * Counts by the model's own tokenizer and chat template. Of its file the vocabulary alone is loaded, when the first
 * count is asked for.
 * @throws GatewayError Config where the file is not there
 */
export function createLlamaCounter(spec: WeightsSpec, dependencies: BackendDependencies): TokenCounter {
  const modelPath = fileOf(spec, dependencies)
  let opened: Promise<{ readonly model: LlamaModel; readonly template: ChatWrapper }> | undefined
  const open = async (): Promise<{ readonly model: LlamaModel; readonly template: ChatWrapper }> => {
    const llama = await openLibrary(dependencies)
    const model = await llama.loadModel({ modelPath, vocabOnly: true })
    return { model, template: templateOf(model) }
  }
  return {
    async count(work) {
      opened ??= open()
      return promptTokensOf(work, await opened).length
    },
    async close() {
      await opened?.then(({ model }) => model.dispose()).catch(() => {})
    },
  }
}
