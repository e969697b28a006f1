import { z } from 'zod'
import { amount, count, folder, name } from './field-schemas.ts'

const url = z.url({ protocol: /^https?$/u })

const grpcUrl = z.string().regex(/^grpc:\/\/[^\s/:]+:\d{1,5}$/u, 'grpc://host:port')

/** What begins with two slashes names another host; a backslash counts as a slash, and tabs and line ends as nothing. @source WHATWG URL */
const ownPath = z.string().regex(/^\/(?![/\\])[!-~]*$/u, 'a path on the same server, such as /metrics')

/** What every model on a server of its own may set. */
const served = {
  baseUrl: url.optional(),
  /** Several servers of the same model instead of one. */
  endpoints: z.array(url).min(1).optional(),
  apiKey: z.string().optional(),
  model: z.string().min(1),
  /** Adapters (LoRA) that a request may ask for: our name and the server's. */
  adapters: z.record(name, z.string().min(1)).optional(),
  connectTimeoutMs: count.default(2000),
  firstByteTimeoutMs: count.default(20_000),
  betweenChunksTimeoutMs: count.default(10_000),
  totalTimeoutMs: count.default(600_000),
  attempts: z.int().min(1).max(10).default(3),
  /** Failures in a row after which an endpoint is left alone, and for how long at first. */
  breaker: z.strictObject({ failures: count, openMs: count }).prefault({ failures: 5, openMs: 5000 }),
  /** Where the engine tells of its queue, such as /metrics. */
  metricsPath: ownPath.optional(),
} as const

/** How a model is computed. */
export const backend = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('whisper'), pack: name }),
    z.strictObject({
      kind: z.literal('ocr'),
      pack: name,
      detectorPack: name.optional(),
      longestSide: z.int().min(64).max(4096),
      multiScale: z.boolean().optional(),
      /** Largest page that is taken, in millions of pixels. */
      imageMegapixels: z.number().positive().optional(),
      /** Pages of a file, or frames of an animation, that are read; an answer says how many were not. */
      pages: z.int().min(1).max(1000).optional(),
      /** Most that the detector sees of one page, in millions of pixels; a larger page is seen smaller. */
      detectorMegapixels: z.number().min(1).max(400).optional(),
    }),
    z.strictObject({
      kind: z.literal('embedding'),
      pack: name,
      space: z.string().min(1),
      heads: folder.optional(),
      tokens: z.int().min(8).max(8192).optional(),
    }),
    z.strictObject({
      kind: z.literal('openai'),
      ...served,
      vision: z.boolean().default(false),
      logprobs: z.boolean().default(true),
      capField: z.enum(['max_tokens', 'max_completion_tokens']).default('max_tokens'),
      /** `embed`: the space of its vectors. */
      space: z.string().min(1).optional(),
      /** `transcribe`: whether the server can tell of segments. */
      segments: z.boolean().default(true),
      /** `generate_image`: asks for base64; models that give nothing else refuse to be asked (gpt-image-1). */
      asksBase64: z.boolean().default(true),
    }),
    z.strictObject({ kind: z.literal('anthropic'), ...served }),
    z.strictObject({ kind: z.literal('gemini'), ...served, logprobs: z.boolean().default(false) }),
    z.strictObject({
      kind: z.literal('oip'),
      ...served,
      baseUrl: grpcUrl.optional(),
      endpoints: z.array(grpcUrl).min(1).optional(),
      version: z.string().optional(),
      /** The server's tensors: the content, the answer, and its trust where there is one. */
      input: z.string().min(1),
      output: z.string().min(1),
      score: z.string().min(1).optional(),
      /** `classify`: what the places of `output` mean, where it is a tensor of scores. */
      labels: z.array(z.string().min(1)).min(2).optional(),
      /** `generate`: Triton's vLLM backend, which takes sampling and answers piece by piece. */
      vllm: z.boolean().default(false),
      space: z.string().min(1).optional(),
      /** Parameters of every request, as the server knows them. */
      parameters: z.record(z.string(), z.string()).default({}),
    }),
    z.strictObject({ kind: z.literal('llama'), pack: name, contextTokens: count.default(2048) }),
    /** Answers with its input; for trials of the way itself. */
    z.strictObject({
      kind: z.literal('echo'),
      delayMs: amount.default(0),
      spread: z.number().min(0).max(3).default(0),
      confidence: z.number().min(0).max(1).default(1),
      failRatio: z.number().min(0).max(1).default(0),
      obeys: z.boolean().default(false),
      /** What it takes more by the input. */
      audioSecondMs: amount.default(0),
      megapixelMs: amount.default(0),
      inputTokenMs: amount.default(0),
      outputTokenMs: amount.default(0),
      oneAtATime: z.boolean().default(false),
    }),
  ],
  'one of whisper, ocr, embedding, openai, anthropic, gemini, oip, llama, echo',
)
