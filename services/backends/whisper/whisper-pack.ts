import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { GatewayError } from '#services/contract/errors'

/** Metadata of a Whisper pack, in the layout of Transformers.js. */
export interface WhisperPack {
  readonly encoderPath: string
  readonly decoderPath: string
  readonly melBins: number
  readonly decoderLayers: number
  readonly heads: number
  readonly headWidth: number
  /** Longest sequence of the decoder, prompt included. */
  readonly maxTokens: number
  readonly tokens: WhisperTokens
  /** Layer and head of those attention heads that follow the sound; empty where the pack names none. */
  readonly alignmentHeads: readonly (readonly [layer: number, head: number])[]
  /** Text of a token, in the byte-level alphabet of GPT-2, by id. */
  readonly vocabulary: readonly string[]
}

/** Tokens that steer the decoder. */
export interface WhisperTokens {
  readonly start: number
  /** Ends the text; all ids from here on are no text. */
  readonly end: number
  readonly transcribe: number
  readonly noTimestamps: number
  readonly noSpeech: number
  /** Token by ISO 639-1 code; empty for a model of English only. */
  readonly languages: ReadonlyMap<string, number>
  /** Never to be chosen: symbols that are not spoken, and steering tokens. */
  readonly suppressed: readonly number[]
  /** Not to be chosen as the first token. */
  readonly suppressedAtStart: readonly number[]
}

const tokenList = z.array(z.number().int().nonnegative()).nullish()

const configSchema = z.object({
  num_mel_bins: z.number().int(),
  decoder_layers: z.number().int(),
  decoder_attention_heads: z.number().int(),
  d_model: z.number().int(),
  max_target_positions: z.number().int(),
  suppress_tokens: tokenList,
  begin_suppress_tokens: tokenList,
})

const generationSchema = z.object({
  decoder_start_token_id: z.number().int(),
  eos_token_id: z.number().int(),
  no_timestamps_token_id: z.number().int(),
  lang_to_id: z.record(z.string(), z.number().int()).default({}),
  task_to_id: z.record(z.string(), z.number().int()).default({}),
  suppress_tokens: tokenList,
  begin_suppress_tokens: tokenList,
  alignment_heads: z.array(z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()])).nullish(),
})

const tokenizerSchema = z.object({ model: z.object({ vocab: z.record(z.string(), z.number().int()) }) })

/**
 * Reads the description of a Whisper pack from its folder.
 * @throws GatewayError Config when a file is missing or is not what it should be
 */
export async function readWhisperPack(folder: string): Promise<WhisperPack> {
  const [config, generation, tokenizer] = await Promise.all([
    readPart(folder, 'config.json', configSchema),
    readPart(folder, 'generation_config.json', generationSchema),
    readPart(folder, 'tokenizer.json', tokenizerSchema),
  ])
  const vocabulary: string[] = []
  for (const [text, id] of Object.entries(tokenizer.model.vocab)) vocabulary[id] = text
  return {
    encoderPath: join(folder, 'onnx', 'encoder_model_quantized.onnx'),
    decoderPath: join(folder, 'onnx', 'decoder_model_merged_quantized.onnx'),
    melBins: config.num_mel_bins,
    decoderLayers: config.decoder_layers,
    heads: config.decoder_attention_heads,
    headWidth: config.d_model / config.decoder_attention_heads,
    maxTokens: config.max_target_positions,
    tokens: steeringTokens(config, generation),
    alignmentHeads: generation.alignment_heads ?? [],
    vocabulary,
  }
}

function steeringTokens(
  config: z.infer<typeof configSchema>,
  generation: z.infer<typeof generationSchema>,
): WhisperTokens {
  const end = generation.eos_token_id
  const noTimestamps = generation.no_timestamps_token_id
  const languages = Object.entries(generation.lang_to_id).map(([token, id]) => [token.slice(2, -2), id] as const)
  return {
    start: generation.decoder_start_token_id,
    end,
    transcribe: generation.task_to_id['transcribe'] ?? noTimestamps - 4,
    noTimestamps,
    // Just before <|notimestamps|> in every vocabulary of Whisper.
    noSpeech: noTimestamps - 1,
    languages: new Map(languages),
    suppressed: generation.suppress_tokens ?? config.suppress_tokens ?? [],
    suppressedAtStart: generation.begin_suppress_tokens ?? config.begin_suppress_tokens ?? [end],
  }
}

async function readPart<T>(folder: string, name: string, schema: z.ZodType<T>): Promise<T> {
  try {
    return schema.parse(JSON.parse(await readFile(join(folder, name), 'utf8')))
  } catch (error) {
    throw new GatewayError(
      'Config',
      `${join(folder, name)} is missing or not a part of a Whisper pack`,
      {},
      { cause: error },
    )
  }
}
