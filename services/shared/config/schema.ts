import { z } from 'zod'

const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/u, 'lower-case letters, digits, dots, dashes; at most 64')
const address = z.string().regex(/^[^\s:]+:\d{1,5}$/u, 'host:port')
const folder = z.string().min(1)
const count = z.int().min(1)
const amount = z.number().min(0)
const modality = z.enum(['text', 'image', 'audio', 'video'])
const task = z.enum(['transcribe', 'read', 'classify', 'embed', 'generate'])
const scope = z.enum(['infer', 'admin'])

const apiKey = z.strictObject({
  id: name,
  sha256: z.string().regex(/^[0-9a-f]{64}$/u, '64 lower-case hex digits: the SHA-256 of the key'),
  tenant: name,
  scopes: z.array(scope).min(1),
})

const backend = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('whisper'), pack: name }),
    z.strictObject({
      kind: z.literal('ocr'),
      pack: name,
      detectorPack: name.optional(),
      longestSide: z.int().min(64).max(4096),
      multiScale: z.boolean().optional(),
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
      baseUrl: z.url({ protocol: /^https?$/u }),
      apiKey: z.string().optional(),
      model: z.string().min(1),
      vision: z.boolean().default(false),
      logprobs: z.boolean().default(true),
      connectTimeoutMs: count.default(2000),
      firstByteTimeoutMs: count.default(20_000),
      betweenChunksTimeoutMs: count.default(10_000),
    }),
    z.strictObject({ kind: z.literal('llama'), pack: name, contextTokens: count.default(2048) }),
    /** Answers with its input; for trials of the way itself. */
    z.strictObject({
      kind: z.literal('echo'),
      delayMs: amount.default(0),
      confidence: z.number().min(0).max(1).default(1),
      failRatio: z.number().min(0).max(1).default(0),
      obeys: z.boolean().default(false),
    }),
  ],
  'one of whisper, ocr, embedding, openai, llama, echo',
)

const price = z.strictObject({
  perRequest: amount.optional(),
  perInputToken: amount.optional(),
  perOutputToken: amount.optional(),
  perCachedToken: amount.optional(),
  perReasoningToken: amount.optional(),
  perImage: amount.optional(),
  perAudioSecond: amount.optional(),
  perComputeSecond: amount.optional(),
})

const card = z.strictObject({
  title: z.string().min(1),
  licence: z.string().min(1),
  source: z.string().min(1),
  trainingData: z.string().min(1),
  limits: z.string().min(1),
  parameters: count.optional(),
})

const model = z.strictObject({
  pool: name,
  tasks: z.array(task).min(1),
  modalities: z.array(modality).min(1),
  backend,
  price,
  card,
})

const pool = z.strictObject({
  tier: name,
  /** Batches at work at once in one worker process. */
  lanes: count.default(2),
  batch: z.strictObject({ maxSize: count, maxWaitMs: amount }).prefault({ maxSize: 1, maxWaitMs: 0 }),
  maxWaiting: count.default(5000),
  executionProviders: z
    .array(z.enum(['cuda', 'webgpu', 'cpu']))
    .min(1)
    .default(['cpu']),
  threads: count.default(1),
  /** A worker that is not heard of for this long loses its legs to another. */
  lockMs: z.int().min(1000).default(2500),
  /**
   * The pool may have no workers: its first one is ready this long after it is wanted. Requests whose deadline allows that wait for it.
   * Without it, a pool that no worker serves makes the router not ready.
   */
  coldStartMs: count.optional(),
})

const recipe = z.strictObject({
  model: name,
  recipe: name.optional(),
  promptTemplate: z.string().optional(),
  adapter: z.string().optional(),
  temperature: z.number().min(0).max(2).optional(),
  maxOutputTokens: count.optional(),
})

const ladder = z.strictObject({
  task,
  modalities: z.array(modality).min(1),
  rungs: z.array(z.union([name, recipe])).min(1),
  /** Folder of the policy that decides on this ladder. */
  policy: folder.optional(),
  /** Instead of a policy, where no outcomes are at hand: accept a rung from this confidence of its own. Promises nothing. */
  uncalibrated: z.strictObject({ accept: z.number().min(0).max(1) }).optional(),
})

/** The whole configuration. Its keys are those of deploy/config/sluice.yaml. */
export const configSchema = z.strictObject({
  version: z.literal(1),
  listen: z
    .strictObject({ grpc: address, ops: address, workerOps: address.default('127.0.0.1:0') })
    .prefault({ grpc: '127.0.0.1:50051', ops: '127.0.0.1:9464' }),
  redis: z
    .strictObject({
      url: z.string().default(''),
      prefix: z
        .string()
        .regex(/^[A-Za-z0-9_-]{1,32}$/u, 'letters, digits, _ and -; at most 32')
        .default('sluice'),
      commandTimeoutMs: z.int().min(50).max(10_000).default(800),
    })
    .prefault({}),
  auth: z
    .strictObject({
      anonymous: z.boolean().default(false),
      anonymousTenant: name.default('local'),
      anonymousScopes: z.array(scope).min(1).default(['infer']),
      keys: z.array(apiKey).default([]),
    })
    .prefault({}),
  limits: z
    .strictObject({
      messageMegabytes: z.number().min(0.1).max(512).default(24),
      parts: count.default(16),
      textCharacters: count.default(200_000),
      imageMegapixels: z.number().positive().default(40),
      audioSeconds: z.number().positive().default(600),
      inFlight: count.default(2000),
      payloadMegabytesPerTenant: z.number().positive().default(512),
      payloadTtlSeconds: count.default(900),
      defaultDeadlineMs: count.default(30_000),
      longestDeadlineMs: count.default(600_000),
      asyncDeadlineMs: count.default(600_000),
      fetch: z
        .strictObject({
          allow: z.array(z.string().min(1)).default([]),
          megabytes: z.number().positive().default(16),
          timeoutMs: count.default(3000),
        })
        .prefault({}),
    })
    .prefault({}),
  budgets: z
    .strictObject({
      requestMaxUsd: z.number().positive().max(9_000_000).optional(),
      tenantPerDayUsd: z.number().positive().max(9_000_000).optional(),
    })
    .prefault({}),
  packs: z
    .strictObject({
      folder: folder.optional(),
      /** Stands in for every publisher's hub: `<mirror>/<pack>/<path>`. */
      mirror: z.url({ protocol: /^https?$/u }).optional(),
      offline: z.boolean().default(false),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
      /** One line for every request that ends. */
      requests: z.boolean().default(false),
    })
    .prefault({}),
  traces: z
    .strictObject({
      /** Base address of an OTLP/HTTP receiver, such as `http://collector:4318`; empty: no traces. */
      otlpUrl: z.union([z.literal(''), z.url({ protocol: /^https?$/u })]).default(''),
      headers: z.record(z.string(), z.string()).default({}),
      /** Share of the traces begun here that are kept; a caller's own choice goes before it. */
      sampleRatio: z.number().min(0).max(1).default(1),
    })
    .prefault({}),
  pools: z.record(name, pool),
  models: z.record(name, model),
  ladders: z.record(name, ladder),
})

/** The configuration after defaults, as `compose.ts` sees it. */
export type Config = Readonly<z.output<typeof configSchema>>
