import { Tokenizer } from '@huggingface/tokenizers'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Tensor, type InferenceSession } from 'onnxruntime-node'
import type { SessionLoader } from '../onnx/session-loader.ts'
import { readContrastiveConfig, towerPath, type ContrastiveConfig } from './contrastive-files.ts'

/** A vector of length 1: float32 [dimensions]. */
export type UnitVector = Float32Array

/** The two towers of a contrastive model, which put pictures and texts into one space. */
export interface ContrastiveModel {
  readonly config: ContrastiveConfig
  /** Token ids of a text; `truncated` where the model does not see its end. */
  tokenize(text: string): TextTokens
  embedTexts(rows: readonly TextTokens[]): Promise<readonly UnitVector[]>
  /** float32 [3, height, width] each. */
  embedPictures(rows: readonly Float32Array[]): Promise<readonly UnitVector[]>
  close(): Promise<void>
}

/** A text as the model reads it. */
export interface TextTokens {
  readonly ids: readonly number[]
  readonly truncated: boolean
}

/** A word is seldom of more tokens; the rest is ignored. */
const charactersPerToken = 64

/**
 * Loads a model in the layout of the hub: `onnx/text_model.onnx`, `onnx/vision_model.onnx` (with the variant behind
 * their names), `config.json`, `preprocessor_config.json`, `tokenizer.json`, `tokenizer_config.json`.
 * @throws GatewayError Config
 */
export async function loadContrastiveModel(
  folder: string,
  variant: string | undefined,
  loader: SessionLoader,
): Promise<ContrastiveModel> {
  const config = readContrastiveConfig(folder)
  const readJson = (file: string): object => JSON.parse(readFileSync(join(folder, file), 'utf8'))
  const tokenizer = new Tokenizer(readJson('tokenizer.json'), readJson('tokenizer_config.json'))
  const text = await loader.load(towerPath(folder, 'text_model', variant))
  const vision = await loader.load(towerPath(folder, 'vision_model', variant))
  const padId = config.padToken === undefined ? 0 : (tokenizer.token_to_id(config.padToken) ?? 0)
  const { mostTokens } = config
  const { width, height } = config.preprocessing

  return {
    config,
    tokenize(whole) {
      const { ids } = tokenizer.encode(whole.slice(0, mostTokens * charactersPerToken))
      const truncated = ids.length > mostTokens || whole.length > mostTokens * charactersPerToken
      return { ids: ids.length > mostTokens ? [...ids.slice(0, mostTokens - 1), ids.at(-1) ?? 0] : ids, truncated }
    },
    async embedTexts(rows) {
      // SigLIP was trained on texts of one length; CLIP is told by the mask, or by the first token of an end.
      const longest = config.type === 'siglip' ? mostTokens : Math.max(...rows.map(row => row.ids.length))
      return run(text, textFeeds(rows, longest, padId), 'text_embeds')
    },
    embedPictures(rows) {
      const pixels = new Float32Array(rows.length * 3 * width * height)
      rows.forEach((row, index) => pixels.set(row, index * row.length))
      const feeds = { pixel_values: new Tensor('float32', pixels, [rows.length, 3, height, width]) }
      return run(vision, feeds, 'image_embeds')
    },
    async close() {
      await Promise.all([text.release(), vision.release()])
    },
  }
}

/** int64 [rows, tokens] each. */
function textFeeds(rows: readonly TextTokens[], longest: number, padId: number): Record<string, Tensor> {
  const ids = new BigInt64Array(rows.length * longest).fill(BigInt(padId))
  const mask = new BigInt64Array(rows.length * longest)
  rows.forEach((row, index) => {
    row.ids.forEach((id, at) => {
      ids[index * longest + at] = BigInt(id)
      mask[index * longest + at] = 1n
    })
  })
  const shape = [rows.length, longest]
  return { input_ids: new Tensor('int64', ids, shape), attention_mask: new Tensor('int64', mask, shape) }
}

/** CLIP projects into `text_embeds` and `image_embeds`, SigLIP ends in `pooler_output`. */
async function run(
  session: InferenceSession,
  feeds: Readonly<Record<string, Tensor>>,
  projected: 'text_embeds' | 'image_embeds',
): Promise<readonly UnitVector[]> {
  const output = [projected, 'pooler_output'].find(name => session.outputNames.includes(name))
  if (output === undefined) throw new Error(`the graph has neither ${projected} nor pooler_output`)
  const taken = Object.fromEntries(
    session.inputNames.map(name => {
      const feed = feeds[name]
      if (feed === undefined) throw new Error(`the graph asks for ${name}, which a model of this kind has not`)
      return [name, feed]
    }),
  )
  const { [output]: result } = await session.run(taken, [output])
  if (!(result?.data instanceof Float32Array)) throw new Error(`${output} is no float32`)
  const { data, dims } = result
  const width = dims.at(-1) ?? 0
  return Array.from({ length: dims[0] ?? 0 }, (_, row) => unit(data.slice(row * width, (row + 1) * width)))
}

/** The vector scaled to length 1. */
export function unit(values: Float32Array): UnitVector {
  const norm = Math.hypot(...values)
  return norm > 0 ? values.map(value => value / norm) : values
}
