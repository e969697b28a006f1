import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { GatewayError } from '#services/contract/errors'

/** How pictures are made into pixels: `preprocessor_config.json`. */
export interface Preprocessing {
  /** Where the shorter side is scaled to this, and the middle is cut out. */
  readonly shortestEdge?: number
  /** What the model sees. */
  readonly width: number
  readonly height: number
  readonly kernel: 'nearest' | 'linear' | 'cubic' | 'lanczos3'
  readonly scale: number
  /** Of red, green, blue. */
  readonly mean: readonly number[]
  readonly std: readonly number[]
}

/** What the files of a contrastive model say beside its weights. */
export interface ContrastiveConfig {
  readonly type: 'clip' | 'siglip'
  /** Tokens of a text, padding included. */
  readonly mostTokens: number
  readonly padToken: string | undefined
  /** What cosines are multiplied with, and what is added, where the files say it. */
  readonly logitScale?: number
  readonly logitBias?: number
  readonly preprocessing: Preprocessing
}

const configSchema = z.looseObject({
  model_type: z.enum(['clip', 'siglip'], 'clip or siglip'),
  logit_scale: z.number().positive().optional(),
  logit_bias: z.number().optional(),
  text_config: z.looseObject({ max_position_embeddings: z.int().positive().optional() }).optional(),
})

const side = z.int().min(8).max(4096)
const box = z.object({ height: side, width: side })

const preprocessorSchema = z.looseObject({
  size: z.union([side, z.object({ shortest_edge: side }), box]),
  crop_size: z.union([side, box]).optional(),
  do_center_crop: z.boolean().optional(),
  do_normalize: z.boolean().default(true),
  do_rescale: z.boolean().default(true),
  rescale_factor: z
    .number()
    .positive()
    .default(1 / 255),
  resample: z.int().min(0).max(5).default(3),
  image_mean: z.array(z.number()).length(3).default([0.48145466, 0.4578275, 0.40821073]),
  image_std: z.array(z.number().positive()).length(3).default([0.26862954, 0.26130258, 0.27577711]),
})

const tokenizerSchema = z.looseObject({
  model_max_length: z.number().positive().optional(),
  pad_token: z.union([z.string(), z.object({ content: z.string() }), z.null()]).optional(),
})

/** Filters of Python's imaging library by number. @source Pillow, `Image.Resampling` */
const kernels: readonly Preprocessing['kernel'][] = ['nearest', 'lanczos3', 'linear', 'cubic', 'linear', 'linear']

/** Texts of published models, where their files lack them. @source the papers of CLIP and SigLIP */
const usualTokens = { clip: 77, siglip: 64 } as const

/** Reads the files. @throws GatewayError Config, with file and field */
export function readContrastiveConfig(folder: string): ContrastiveConfig {
  const config = read(folder, 'config.json', configSchema)
  const tokenizer = read(folder, 'tokenizer_config.json', tokenizerSchema)
  const pad = tokenizer.pad_token
  const limits = [
    config.text_config?.max_position_embeddings ?? Infinity,
    // Some tokenizers give a huge number where there is no limit.
    tokenizer.model_max_length ?? Infinity,
  ].filter(limit => limit <= mostPositions)
  return {
    type: config.model_type,
    mostTokens: limits.length === 0 ? usualTokens[config.model_type] : Math.min(...limits),
    padToken: typeof pad === 'object' ? pad?.content : pad,
    preprocessing: preprocessingOf(read(folder, 'preprocessor_config.json', preprocessorSchema)),
    ...(config.logit_scale === undefined ? {} : { logitScale: config.logit_scale }),
    ...(config.logit_bias === undefined ? {} : { logitBias: config.logit_bias }),
  }
}

const mostPositions = 8192

function preprocessingOf(given: z.output<typeof preprocessorSchema>): Preprocessing {
  const { rescale_factor: factor, image_mean: mean, image_std: std } = given
  return {
    ...frameOf(given),
    kernel: kernels[given.resample] ?? 'cubic',
    scale: given.do_rescale ? factor : 1,
    mean: given.do_normalize ? mean : [0, 0, 0],
    std: given.do_normalize ? std : [1, 1, 1],
  }
}

/** A size of one number is that of the shorter side, from whose middle a square is cut, unless the file says no. */
function frameOf(given: z.output<typeof preprocessorSchema>): Pick<Preprocessing, 'shortestEdge' | 'width' | 'height'> {
  const size = typeof given.size === 'number' ? { shortest_edge: given.size } : given.size
  if ('width' in size) return { width: size.width, height: size.height }
  const { shortest_edge: edge } = size
  if (given.do_center_crop === false) return { width: edge, height: edge }
  return { shortestEdge: edge, ...squareOf(given.crop_size ?? edge) }
}

function squareOf(crop: number | z.output<typeof box>): z.output<typeof box> {
  return typeof crop === 'number' ? { width: crop, height: crop } : crop
}

function read<Schema extends z.ZodType>(folder: string, name: string, schema: Schema): z.output<Schema> {
  const path = join(folder, name)
  if (!existsSync(path)) throw new GatewayError('Config', `${path} is not there`)
  const parsed = schema.safeParse(JSON.parse(readFileSync(path, 'utf8')))
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`)
  throw new GatewayError('Config', `${path}: ${faults.join('; ')}`)
}

/** The path of a tower's graph, such as `vision_model`, in the wanted form. @throws GatewayError Config */
export function towerPath(folder: string, tower: 'text_model' | 'vision_model', variant: string | undefined): string {
  const name = variant === undefined ? `${tower}.onnx` : `${tower}_${variant}.onnx`
  const path = [join(folder, 'onnx', name), join(folder, name)].find(existsSync)
  if (path !== undefined) return path
  throw new GatewayError('Config', `${folder} has no onnx/${name}: text and vision towers are to be files of their own`)
}
