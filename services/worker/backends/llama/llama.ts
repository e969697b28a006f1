import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promptOf, systemText } from '../remote/prompt.ts'
import type { Usage } from '#services/contract/price'
import type { Backend, RunControl } from '../backend.ts'
import { importNodeLlama, type LlamaModel, type LlamaSequence, type NodeLlama } from './node-llama.ts'
import { interpretGeneration } from '../answers/generation.ts'
import type { Outcome, Work } from '#services/worker/states'
import type { BackendDependencies } from '../backend-dependencies.ts'
import { abandoned, badInput, isAbandoned } from '../end-leg.ts'

/** A local language model in GGUF, by the pack that holds it. */
export interface LlamaSpec {
  readonly kind: 'llama'
  readonly pack: string
  readonly contextTokens: number
}

interface Parts {
  readonly spec: LlamaSpec
  readonly dependencies: BackendDependencies
  readonly library: NodeLlama
  readonly model: LlamaModel
  readonly sequence: LlamaSequence
}

const defaultMaxOutputTokens = 1024
/** The likeliest token, unless the request asks for more spread. */
const defaultTemperature = 0

/** Loads a language model: chat template → tokens one by one, each with its chance → text with its signs. */
export async function createLlamaBackend(spec: LlamaSpec, dependencies: BackendDependencies): Promise<Backend> {
  const library = await importNodeLlama()
  const folder = dependencies.packPath(spec.pack)
  const file = readdirSync(folder).find(name => name.endsWith('.gguf')) ?? 'model.gguf'
  const gpu = dependencies.executionProviders[0] === 'cpu' ? false : 'auto'
  const llama = await library.getLlama({ gpu, build: 'never', logLevel: 'error', maxThreads: dependencies.threads })
  const model = await llama.loadModel({ modelPath: join(folder, file) })
  const context = await model.createContext({ contextSize: spec.contextTokens, threads: dependencies.threads })
  const parts: Parts = { spec, dependencies, library, model, sequence: context.getSequence() }
  return {
    maxBatch: 1,
    async run(batch, control) {
      const outcomes: Outcome[] = []
      for (const work of batch) outcomes.push(await generate(work, control, parts))
      return outcomes
    },
    async close() {
      await context.dispose()
      await model.dispose()
    },
  }
}

async function generate(work: Work, control: RunControl, parts: Parts): Promise<Outcome> {
  const { spec, dependencies } = parts
  if (work.parts.some(part => part.kind !== 'text')) return badInput('the model takes text alone', {})
  if (isAbandoned(work, control, dependencies.clock)) return abandoned(work, dependencies.clock, {})
  const startedAt = performance.now()
  const prompt = tokensOf(work, parts)
  const wanted = work.options.maxOutputTokens ?? work.recipe.maxOutputTokens ?? defaultMaxOutputTokens
  const most = Math.min(wanted, spec.contextTokens - prompt.length)
  if (most < 1) {
    const message = `the content makes ${prompt.length} tokens, the model takes ${spec.contextTokens}`
    return { kind: 'failed', reason: 'context-overflow', message, usage: {} }
  }
  const written: Written = { tokens: [], logprobs: [], text: '' }
  const whole = await write(work, prompt, most, control, parts, written)
  const outputTokens = written.tokens.length
  const computeMs = Math.ceil(performance.now() - startedAt)
  const usage: Usage = { inputTokens: prompt.length, outputTokens, computeMs }
  if (!whole) return abandoned(work, dependencies.clock, usage)
  const finishReason = outputTokens >= most ? 'length' : 'stop'
  return { kind: 'done', result: interpretGeneration({ ...written, finishReason }, usage) }
}

interface Written {
  readonly tokens: number[]
  readonly logprobs: number[]
  text: string
}

/** Writes token by token; false when it was stopped because nobody wants the rest. */
async function write(
  work: Work,
  prompt: readonly number[],
  most: number,
  control: RunControl,
  { dependencies, model, sequence }: Parts,
  written: Written,
): Promise<boolean> {
  await sequence.clearHistory()
  const temperature = work.options.temperature ?? work.recipe.temperature ?? defaultTemperature
  const steps = sequence.evaluateWithMetadata(prompt, { confidence: true }, { temperature, yieldEogToken: false })
  for await (const { token, confidence } of steps) {
    if (isAbandoned(work, control, dependencies.clock)) return false
    written.tokens.push(token)
    written.logprobs.push(Math.log(Math.max(1e-9, confidence)))
    const text = model.detokenize(written.tokens)
    // A character of several tokens is held back until it is whole.
    if (!text.endsWith('\uFFFD')) {
      if (work.streaming) await control.onDelta(work.legId, text.slice(written.text.length))
      written.text = text
    }
    if (written.tokens.length >= most) return true
  }
  return true
}

function tokensOf(work: Work, { library, model }: Parts): readonly number[] {
  const prompt = promptOf(work)
  const system = systemText(prompt)
  const shown = prompt.examples.flatMap(({ input, output }) => [userSays(input), modelSays(output)])
  const turns = prompt.turns.map(({ role, parts }) => {
    const text = parts.flatMap(part => (part.kind === 'text' ? [part.text] : [])).join('\n')
    return role === 'assistant' ? modelSays(text) : userSays(text)
  })
  const last = turns.at(-1)
  const { contextText } = library.resolveChatWrapper(model).generateContextState({
    chatHistory: [
      ...(system === undefined ? [] : [{ type: 'system' as const, text: system }]),
      ...shown,
      ...turns,
      // What a caller has the model begin with is gone on with.
      ...(last?.type === 'model' ? [] : [{ type: 'model' as const, response: [] }]),
    ],
  })
  return contextText.tokenize(model.tokenizer)
}

function userSays(text: string): { readonly type: 'user'; readonly text: string } {
  return { type: 'user', text }
}

function modelSays(text: string): { readonly type: 'model'; readonly response: string[] } {
  return { type: 'model', response: [text] }
}
