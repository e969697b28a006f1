import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Tensor, type InferenceSession } from 'onnxruntime-node'
import { GatewayError } from '#services/contract/errors'
import { groupByLength } from './length-groups.ts'

/** A sentence encoder. */
export interface EmbeddingModel {
  readonly dimensions: number
  /** Embeds token ids: float32 [batch][dimensions], each of length 1, and its length before that. */
  embed(batch: readonly (readonly number[])[]): Promise<readonly SentenceVector[]>
  close(): Promise<void>
}

/** One sentence's vector. */
export interface SentenceVector {
  /** float32 [dimensions], L2 norm 1. */
  readonly values: Float32Array
  readonly norm: number
}

/** Loads an ONNX file; the caller owns the session and releases it. */
export interface LoadsSessions {
  load(path: string): Promise<InferenceSession>
}

/** Loads the encoder of a pack; its quantised form where there is one. @throws GatewayError Config */
export async function loadEmbeddingModel(packFolder: string, loader: LoadsSessions): Promise<EmbeddingModel> {
  const path = ['model_quantized.onnx', 'model.onnx'].map(name => join(packFolder, 'onnx', name)).find(existsSync)
  if (path === undefined) throw new GatewayError('Config', `${packFolder} has no onnx/model.onnx`)
  const session = await loader.load(path)
  const [probe] = await run(session, [[101, 102]])
  return {
    dimensions: probe?.values.length ?? 0,
    embed: batch =>
      runGroups(session, batch, path.includes('quantized') ? batch.map((_, index) => [index]) : groupsOf(batch)),
    close: () => session.release(),
  }
}

/**
 * Runs groups of rows one after the other. Rows of a quantised model go alone: weights of 8 bits come with
 * activations that are scaled by the largest of the whole batch, padding included, so a text's vector would depend
 * on its neighbours: cosine 0.982 to itself alone was seen, which a store of vectors would remember.
 */
async function runGroups(
  session: InferenceSession,
  batch: readonly (readonly number[])[],
  groups: readonly (readonly number[])[],
): Promise<readonly SentenceVector[]> {
  const vectors = Array.from<SentenceVector>({ length: batch.length })
  for (const group of groups) {
    const ran = await run(
      session,
      group.map(index => batch[index]!),
    )
    group.forEach((index, at) => {
      vectors[index] = ran[at]!
    })
  }
  return vectors
}

function groupsOf(batch: readonly (readonly number[])[]): readonly (readonly number[])[] {
  return groupByLength(batch.map(row => row.length))
}

/**
 * input_ids, attention_mask, token_type_ids: int64 [batch, tokens]; last_hidden_state: float32 [batch, tokens,
 * dimensions].
 */
async function run(
  session: InferenceSession,
  batch: readonly (readonly number[])[],
): Promise<readonly SentenceVector[]> {
  const tokens = Math.max(...batch.map(ids => ids.length))
  const shape = [batch.length, tokens]
  const ids = new BigInt64Array(batch.length * tokens)
  const mask = new BigInt64Array(batch.length * tokens)
  batch.forEach((row, index) => {
    row.forEach((id, at) => {
      ids[index * tokens + at] = BigInt(id)
      mask[index * tokens + at] = 1n
    })
  })
  const feeds: Record<string, Tensor> = {
    input_ids: new Tensor('int64', ids, shape),
    attention_mask: new Tensor('int64', mask, shape),
    token_type_ids: new Tensor('int64', new BigInt64Array(ids.length), shape),
  }
  const taken = Object.fromEntries(session.inputNames.map(name => [name, feeds[name]!]))
  const output = await session.run(taken)
  const hidden = output['last_hidden_state'] ?? output[session.outputNames[0] ?? '']
  if (hidden === undefined || !(hidden.data instanceof Float32Array))
    throw new Error('the encoder gave no float32 states')
  const { data } = hidden
  const dimensions = hidden.dims[2] ?? 0
  return batch.map((row, index) => pool(data.subarray(index * tokens * dimensions), row.length, dimensions))
}

/**
 * Mean over the real tokens, scaled to length 1.
 * @source the model cards of all-MiniLM-L6-v2 and gte-small: "mean pooling", then normalisation
 */
function pool(states: Float32Array, tokens: number, dimensions: number): SentenceVector {
  const values = new Float32Array(dimensions)
  for (let token = 0; token < tokens; token += 1) {
    for (let at = 0; at < dimensions; at += 1) values[at]! += states[token * dimensions + at]! / tokens
  }
  const norm = Math.hypot(...values)
  for (let at = 0; at < dimensions; at += 1) values[at]! /= norm > 0 ? norm : 1
  return { values, norm }
}
