import { z } from 'zod'
import { amount, count, folder, name } from './field-schemas.ts'

const url = z.url({ protocol: /^https?$/u })

const grpcUrl = z.string().regex(/^grpc:\/\/[^\s/:]+:\d{1,5}$/u, 'grpc://host:port')

/**
 * What begins with two slashes names another host; a backslash counts as a slash, and tabs and line ends as nothing.
 * @source WHATWG URL
 */
const ownPath = z.string().regex(/^\/(?![/\\])[!-~]*$/u, 'a path on the same server, such as /metrics')

const breaker = z.strictObject({
  failures: count.describe('Failures in a row after which an endpoint is not asked.'),
  openMs: count.describe('How long it is not asked at first.'),
})

/** What every model on a server of its own may set. */
const served = {
  baseUrl: url.optional().describe('Address of the server.'),
  endpoints: z.array(url).min(1).optional().describe('Several servers of the same model instead of `baseUrl`.'),
  apiKey: z.string().optional().describe('Credential, as a reference such as `${OPENAI_API_KEY}`.'),
  model: z.string().min(1).describe('Name of the model at the server.'),
  adapters: z
    .record(name, z.string().min(1))
    .optional()
    .describe("Adapters (LoRA) that a request may ask for: our name and the server's."),
  connectTimeoutMs: count.default(2000).describe('Most time to connect.'),
  firstByteTimeoutMs: count.default(20_000).describe('Most time to the first piece of an answer.'),
  betweenChunksTimeoutMs: count.default(10_000).describe('Most time between two pieces.'),
  totalTimeoutMs: count.default(600_000).describe('Most time of a call.'),
  attempts: z.int().min(1).max(10).default(3).describe('Attempts of a call, as long as no answer has begun.'),
  breaker: breaker.prefault({ failures: 5, openMs: 5000 }).describe('Circuit breaker of each endpoint.'),
  metricsPath: ownPath.optional().describe('Where the engine publishes its queue, such as `/metrics`.'),
} as const

const space = z
  .string()
  .min(1)
  .describe('Name of the space of its vectors. Vectors of different spaces are not comparable.')

/** How a model is computed. */
export const backend = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('whisper'), pack: name.describe('Model pack.') }),
    z.strictObject({
      kind: z.literal('ocr'),
      pack: name.describe('Model pack.'),
      detectorPack: name.optional().describe('Pack of the text detector, if another one.'),
      longestSide: z.int().min(64).max(4096).describe('Longest side at which the detector sees a page.'),
      multiScale: z.boolean().optional().describe('Whether the detector sees the page at several scales.'),
      imageMegapixels: z.number().positive().optional().describe('Largest page that is accepted.'),
      pages: z
        .int()
        .min(1)
        .max(1000)
        .optional()
        .describe('Pages of a file, or frames of an animation, that are read. The answer says how many were not.'),
      detectorMegapixels: z
        .number()
        .min(1)
        .max(400)
        .optional()
        .describe('Most that the detector sees of one page. A larger page is scaled down.'),
    }),
    z.strictObject({
      kind: z.literal('embedding'),
      pack: name.describe('Model pack.'),
      space,
      heads: folder.optional().describe('Folder of the trained heads for label sets.'),
      tokens: z.int().min(8).max(8192).optional().describe('Tokens that are read; the rest is left out.'),
    }),
    z.strictObject({
      kind: z.literal('contrastive'),
      pack: name.optional().describe('Model pack.'),
      folder: folder
        .optional()
        .describe(
          "Folder of a model of your own instead of `pack`, in the hub's layout (`onnx/vision_model.onnx`, …).",
        ),
      space,
      prompts: z
        .array(z.string().includes('{}'))
        .min(1)
        .max(100)
        .default(['a photo of a {}.'])
        .describe('`classify`: sentences in which a label takes the place of `{}`. Their vectors are averaged.'),
      variant: z
        .enum(['quantized', 'int8', 'uint8', 'q4', 'q4f16', 'bnb4', 'fp16'])
        .optional()
        .describe('Form of the weights, by the ending of their files. Default: whole.'),
      logitScale: z
        .number()
        .positive()
        .optional()
        .describe("What cosines are multiplied with. Default: `logit_scale` of the model's `config.json`, else 100."),
      logitBias: z
        .number()
        .optional()
        .describe('SigLIP: what is added then. Default: `logit_bias` of `config.json`; without it no `match` is told.'),
      imageMegapixels: z.number().positive().default(40).describe('Largest picture that is accepted.'),
    }),
    z.strictObject({
      kind: z.literal('openai'),
      ...served,
      api: z
        .enum(['chat', 'responses'])
        .default('chat')
        .describe("Which of the protocol's wires chats go by: Chat Completions or Responses."),
      vision: z.boolean().default(false).describe('Whether it takes images.'),
      logprobs: z.boolean().default(true).describe('Whether it is asked for log-probabilities.'),
      structured: z
        .boolean()
        .default(true)
        .describe('Whether the server holds answers to a JSON schema. Where not, the schema is put into words.'),
      capField: z
        .enum(['max_tokens', 'max_completion_tokens'])
        .default('max_tokens')
        .describe('Field that caps the output.'),
      budgetField: z
        .enum(['thinking_token_budget', 'thinking_budget', 'thinking_budget_tokens', 'reasoning', 'thinking'])
        .optional()
        .describe(
          "Field of a reasoning budget: of vLLM, of DashScope and SiliconFlow, of llama.cpp, of OpenRouter, or of Anthropic's layer and LiteLLM. Without one, requests with a budget go to other models.",
        ),
      adapterField: z
        .enum(['model', 'lora'])
        .default('model')
        .describe(
          "How a request names an adapter: in place of the model (vLLM, SGLang), or in llama.cpp's `lora`, by the number that it was loaded with.",
        ),
      cachePoints: z
        .boolean()
        .default(false)
        .describe(
          'Whether cache points are sent, as `prompt_cache_breakpoint`. Where not, the server caches by itself.',
        ),
      space: space.optional(),
      segments: z.boolean().default(true).describe('`transcribe`: whether the server returns segments.'),
      asksBase64: z
        .boolean()
        .default(true)
        .describe('`generate_image`: whether base64 is asked for. `gpt-image-1` refuses the question.'),
    }),
    z.strictObject({
      kind: z.literal('anthropic'),
      ...served,
      thinking: z
        .enum(['budget', 'adaptive'])
        .default('budget')
        .describe('How it is told to think: by a budget of tokens, or by an effort, as models from Opus 4.6 on take.'),
      structured: z
        .boolean()
        .default(false)
        .describe('Whether the server holds answers to a JSON schema. Where not, the schema is put into words.'),
    }),
    z.strictObject({
      kind: z.literal('gemini'),
      ...served,
      thinking: z
        .enum(['budget', 'level'])
        .default('budget')
        .describe('How it is told to think: by a budget of tokens, or by a level, as Gemini 3 takes.'),
      logprobs: z.boolean().default(false).describe('Whether it is asked for log-probabilities.'),
    }),
    z.strictObject({
      kind: z.literal('oip'),
      ...served,
      baseUrl: grpcUrl.optional().describe('Address of the server.'),
      endpoints: z.array(grpcUrl).min(1).optional().describe('Several servers of the same model instead of `baseUrl`.'),
      metricsPath: z
        .never({ error: '`metricsUrls` instead: a gRPC address has no path' })
        .optional()
        .describe('Not here: metrics of gRPC servers have addresses of their own, `metricsUrls`.'),
      metricsUrls: z
        .array(url)
        .min(1)
        .optional()
        .describe(
          'Where each server publishes its queue over HTTP, in the order of `endpoints`, such as `http://triton:8002/metrics`.',
        ),
      version: z.string().optional().describe('Version of the model.'),
      input: z.string().min(1).describe('Tensor of the content.'),
      output: z.string().min(1).describe('Tensor of the answer.'),
      score: z.string().min(1).optional().describe('Tensor of the confidence.'),
      labels: z
        .array(z.string().min(1))
        .min(2)
        .optional()
        .describe('`classify`: labels of the places of `output`, where it is a tensor of scores.'),
      vllm: z.boolean().default(false).describe("`generate`: Triton's vLLM backend, which takes sampling and streams."),
      space: space.optional(),
      parameters: z.record(z.string(), z.string()).default({}).describe('Parameters of every request.'),
    }),
    z.strictObject({
      kind: z.literal('llama'),
      pack: name.optional().describe('Model pack.'),
      file: z.string().min(1).optional().describe('A GGUF file of your own instead of `pack`.'),
      contextTokens: count.default(2048).describe('Size of the context.'),
      adapters: z
        .record(name, z.string().min(1))
        .optional()
        .describe('Adapters (LoRA) that a request may ask for: our name and the GGUF file. Each takes a context more.'),
    }),
    /** Answers with its input; for trials of the way itself. */
    z.strictObject({
      kind: z.literal('echo'),
      delayMs: amount.default(0).describe('Time of an answer; its median when `spread` is over 0.'),
      spread: z.number().min(0).max(3).default(0).describe('Standard deviation of the logarithm of the time.'),
      confidence: z.number().min(0).max(1).default(1).describe('Confidence of every answer.'),
      failRatio: z.number().min(0).max(1).default(0).describe('Share of answers that fail.'),
      obeys: z.boolean().default(false).describe('Whether the input may order delays and failures.'),
      audioSecondMs: amount.default(0).describe('Time added by each second of audio.'),
      megapixelMs: amount.default(0).describe('Time added by each megapixel.'),
      inputTokenMs: amount.default(0).describe('Time added by each input token.'),
      outputTokenMs: amount.default(0).describe('Time added by each output token.'),
      oneAtATime: z.boolean().default(false).describe('Whether it computes one leg at a time.'),
    }),
  ],
  'one of whisper, ocr, embedding, contrastive, openai, anthropic, gemini, oip, llama, echo',
)
