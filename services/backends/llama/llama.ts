import { existsSync } from 'node:fs'
import type { ChatWrapper, Llama, LlamaContext, LlamaContextSequence, LlamaGrammar, LlamaModel } from 'node-llama-cpp'
import { isWords, type JsonSchemaFormat } from '#services/contract/content'
import { GatewayError } from '#services/contract/errors'
import type { Usage } from '#services/contract/price'
import type { Backend, RunControl } from '../backend.ts'
import type { Outcome, Work } from '#services/backends/work'
import type { BackendDependencies } from '../backend-dependencies.ts'
import { interpretGeneration } from '../answers/generation.ts'
import { abandoned, badInput, isAbandoned } from '../end-leg.ts'
import { samplingOf } from '../remote/prompt.ts'
import { schemaGrammar } from './grammar/schema-grammar.ts'
import {
  fileOf,
  openLibrary,
  promptTokensOf,
  sharedTokensOf,
  templateOf,
  threadsOf,
  type WeightsSpec,
} from './weights.ts'
import { writeAnswer } from './write-answer.ts'

/** A local language model in GGUF, by the pack that holds it or by its file. */
export interface LlamaSpec extends WeightsSpec {
  readonly kind: 'llama'
  /** Tokens of prompt and answer together; the memory that a conversation takes grows with it. */
  readonly contextTokens: number
  /** Adapters (LoRA) that a leg may ask for: our name, and the GGUF file. */
  readonly adapters?: Readonly<Record<string, string>>
}

interface Parts {
  readonly spec: LlamaSpec
  readonly dependencies: BackendDependencies
  readonly llama: Llama
  readonly model: LlamaModel
  readonly template: ChatWrapper
  /** By adapter; the model itself under no name. */
  readonly contexts: ReadonlyMap<string | undefined, Loaded>
}

/** A conversation of the model with an adapter or without. */
interface Loaded {
  readonly context: LlamaContext
  readonly sequence: LlamaContextSequence
  /** Whose conversation the sequence still knows. */
  readonly kept: { tenant: string | undefined }
}

/**
 * Loads a language model: conversation → the model's own chat template → tokens one by one, each with its chance →
 * text with its signals. The beginning that two calls of one tenant share is computed once. Another tenant's call
 * starts again behind what the model and its recipe begin with, so that its time tells nothing of what was said
 * before.
 */
export async function createLlamaBackend(spec: LlamaSpec, dependencies: BackendDependencies): Promise<Backend> {
  const llama = await openLibrary(dependencies)
  const model = await llama.loadModel({ modelPath: fileOf(spec, dependencies) })
  const contexts = new Map<string | undefined, Loaded>()
  for (const [name, file] of [[undefined, undefined], ...Object.entries(spec.adapters ?? {})] as const) {
    contexts.set(name, await openContext(model, file, spec, dependencies))
  }
  const parts: Parts = { spec, dependencies, llama, model, template: templateOf(model), contexts }
  return {
    maxBatch: 1,
    async run(batch, control) {
      const outcomes: Outcome[] = []
      for (const work of batch) outcomes.push(await generate(work, control, parts))
      return outcomes
    },
    async close() {
      for (const { context } of contexts.values()) await context.dispose()
      await model.dispose()
    },
  }
}

/**
 * An adapter is a part of its context, and weights are shared by all. Without `batchSize` the memory of a step is that
 * of 512 tokens, and steps are shorter here.
 */
async function openContext(
  model: LlamaModel,
  adapter: string | undefined,
  { contextTokens }: LlamaSpec,
  dependencies: BackendDependencies,
): Promise<Loaded> {
  if (adapter !== undefined && !existsSync(adapter)) throw new GatewayError('Config', `adapter ${adapter} is not there`)
  const context = await model.createContext({
    contextSize: contextTokens,
    batchSize: 64,
    threads: threadsOf(dependencies),
    ...(adapter === undefined ? {} : { lora: { adapters: [{ filePath: adapter }] } }),
  })
  return { context, sequence: context.getSequence(), kept: { tenant: undefined } }
}

async function generate(work: Work, control: RunControl, parts: Parts): Promise<Outcome> {
  const { spec, dependencies, model, contexts } = parts
  const loaded = contexts.get(work.recipe.adapter)
  if (loaded === undefined) return badInput(`the model has no adapter ${work.recipe.adapter}`, {})
  const { sequence, kept } = loaded
  if (work.parts.some(part => !isWords(part))) return badInput('the model takes text alone', {})
  const isUnwanted = (): boolean => isAbandoned(work, control, dependencies.clock)
  if (isUnwanted()) return abandoned(work, dependencies.clock, {})
  const startedAt = performance.now()
  const prompt = promptTokensOf(work, parts)
  const sampling = samplingOf(work)
  const maxOutputTokens = Math.min(sampling.maxOutputTokens, spec.contextTokens - prompt.length)
  if (maxOutputTokens < 1) {
    const message = `the content makes ${prompt.length} tokens, the model takes ${spec.contextTokens}`
    return { kind: 'failed', reason: 'context-overflow', message, usage: {} }
  }
  if (kept.tenant !== work.tenant) await sequence.adaptStateToTokens(sharedTokensOf(work, prompt, parts), false)
  kept.tenant = work.tenant
  const written = await writeAnswer({
    model,
    sequence,
    prompt,
    sampling: { ...sampling, maxOutputTokens },
    grammar: await grammarOf(work, parts),
    isAbandoned: isUnwanted,
    onText: async text => {
      if (work.streaming) await control.onDelta(work.legId, text)
    },
  })
  const usage: Usage = {
    inputTokens: written.evaluatedTokens,
    ...(written.evaluatedTokens < prompt.length ? { cachedTokens: prompt.length - written.evaluatedTokens } : {}),
    outputTokens: written.outputTokens,
    computeMs: Math.ceil(performance.now() - startedAt),
  }
  if (written.end === 'abandoned') return abandoned(work, dependencies.clock, usage)
  const { text, logprobs, end } = written
  return { kind: 'done', result: interpretGeneration({ text, logprobs, finishReason: end }, usage) }
}

/**
 * The grammar of a wanted shape: that of the request, else of the schema that the recipe checks answers by. What a
 * grammar cannot express is checked alone, behind the model.
 */
async function grammarOf({ options, recipe }: Work, { llama, dependencies }: Parts): Promise<LlamaGrammar | undefined> {
  const { responseFormat } = options
  if (responseFormat?.kind === 'json-object') return llama.getGrammarFor('json')
  const { verifier } = recipe
  const schema =
    responseFormat === undefined
      ? verifier?.kind === 'json-schema'
        ? verifier.schema
        : undefined
      : schemaOf(responseFormat)
  if (schema === undefined) return undefined
  try {
    return await schemaGrammar(llama, schema)
  } catch (error) {
    dependencies.logger.debug({ err: error }, 'a schema cannot be put as a grammar; the answer is checked alone')
    return undefined
  }
}

function schemaOf({ schemaJson }: JsonSchemaFormat): unknown {
  return JSON.parse(schemaJson)
}
