import { z } from 'zod'
import type { ModelCard } from '#services/contract/model'
import { backend } from './backend-schema.ts'
import { amount, count, folder, name } from './field-schemas.ts'
import { recipe } from './recipe-schema.ts'
import { budgetsSchema, priceSchema, pricesSchema } from './money-schema.ts'

const port = '(?:[1-5]?\\d{1,4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])'
const address = z.string().regex(new RegExp(`^[^\\s:]+:${port}$`, 'u'), 'host:port')
const addressRange = z
  .string()
  .regex(new RegExp(`^[^\\s:]+:${port}(?:-${port})?$`, 'u'), 'host:port or host:first-last')
const modality = z.enum(['text', 'image', 'audio', 'video'])
const task = z.enum(['transcribe', 'ocr', 'classify', 'embed', 'generate', 'generate_image'])
const scope = z.enum(['infer', 'admin'])

const apiKey = z.strictObject({
  id: name,
  sha256: z.string().regex(/^[0-9a-f]{64}$/u, '64 lower-case hex digits: the SHA-256 of the key'),
  tenant: name,
  scopes: z.array(scope).min(1),
})

/** Signatures by key pairs; a shared secret (HS256) would let every verifier sign. */
const signature = z.enum([
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
])

const tls = z.strictObject({
  /** PEM files: the certificate with those between it and the authority, and its key. */
  certificate: z.string().min(1),
  key: z.string().min(1),
  /** PEM file of the authorities of clients; with it, clients must show a certificate of theirs (mutual TLS). */
  clientAuthorities: z.string().min(1).optional(),
  /** The files are looked at this often, and taken when they have changed and go together. */
  reloadMs: z.int().min(100).default(5000),
})

const tokenIssuer = z.strictObject({
  name,
  issuer: z.string().min(1),
  audiences: z.array(z.string().min(1)).min(1),
  jwksUrl: z.url({ protocol: /^https?$/u }),
  algorithms: z.array(signature).min(1).default(['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519']),
  tenantClaim: z.string().min(1).default('tenant'),
  /** Tenants that this issuer may speak for; absent means any. */
  tenants: z.array(name).min(1).optional(),
  scopesClaim: z.string().min(1).default('scope'),
  scopePrefix: z.string().default(''),
  clockSkewSeconds: z.int().min(0).max(300).default(30),
  /** What `typ` of a token's header may say; a token without one is accepted. */
  types: z.array(z.string().min(1)).min(1).default(['JWT', 'at+jwt']),
  /** Published keys are read again when they are older, and never more often than the cooldown. */
  freshSeconds: count.default(600),
  cooldownSeconds: count.default(30),
  /** While the issuer is away, its keys are believed for this long. */
  staleSeconds: count.default(3600),
})

/** For people; what is left out is told as not stated. */
const card = z.strictObject({
  title: z.string().min(1).optional(),
  licence: z.string().min(1).optional(),
  source: z.string().min(1).optional(),
  trainingData: z.string().min(1).optional(),
  limits: z.string().min(1).optional(),
  parameters: count.optional(),
})

const model = z.strictObject({
  pool: name,
  tasks: z.array(task).min(1),
  /** What it takes together; absent: what its tasks are about, and images where its backend has `vision`. */
  modalities: z.array(modality).min(1).optional(),
  backend,
  price: priceSchema.optional(),
  /** Most tokens that its server counts for one image, where that is more than 2,560: so much is held. */
  imageTokens: count.optional(),
  card: card.optional(),
})

const pool = z.strictObject({
  tier: name,
  /** Batches at work at once in one worker process. */
  concurrency: count.default(2),
  batch: z.strictObject({ maxSize: count, maxWaitMs: amount }).prefault({ maxSize: 1, maxWaitMs: 0 }),
  maxWaiting: count.default(5000),
  executionProviders: z
    .array(z.enum(['cuda', 'webgpu', 'cpu']))
    .min(1)
    .default(['cpu']),
  threads: count.default(1),
  /** A leg that runs longer is stopped; its computing time is reserved up to this. */
  longestLegMs: z.int().min(100).default(60_000),
  /** A leg that is slow gets a twin on another worker; the first answer is taken. Off when absent. */
  hedge: z
    .strictObject({
      after: z.number().min(0.5).max(0.999).default(0.95),
      maxShare: z.number().min(0).max(1).default(0.05),
    })
    .optional(),
  /** A worker that is not heard of for this long loses its legs to another. */
  lockMs: z.int().min(1000).default(2500),
  /**
   * The pool may have no workers: its first one is ready this long after it is wanted. Requests whose deadline allows that wait for it.
   * Without it, a pool that no worker serves makes the router not ready.
   */
  coldStartMs: count.optional(),
})

const ladder = z.strictObject({
  task,
  /** Requests that hold no others come here; absent: what every rung takes. */
  modalities: z.array(modality).min(1).optional(),
  rungs: z.array(z.union([name, recipe])).min(1),
  /** Called in this order when every rung that was tried has failed. */
  fallbacks: z.array(z.union([name, recipe])).default([]),
  /** When text may reach a caller who streams: see `Streaming` in the contract. */
  streaming: z.enum(['final', 'whole', 'optimistic']).default('final'),
  /** Whether what a model's content filter refuses may be put to the next rung. */
  contentFilter: z.enum(['stop', 'climb']).default('stop'),
  /** Folder of the policy that decides on this ladder. */
  policy: folder.optional(),
  /** Instead of a policy, where no outcomes are at hand: accept a rung from this confidence of its own. Promises nothing. */
  uncalibrated: z.strictObject({ confidenceThreshold: z.number().min(0).max(1) }).optional(),
})

/** The whole configuration. Its keys are those of deploy/config/sluice.yaml. */
export const configSchema = z.strictObject({
  version: z.literal(1),
  /** A file that this one is put over: `default`, or a path from this file's folder. It is gone once the files are put together. */
  extends: z.string().min(1).optional(),
  listen: z
    .strictObject({
      grpc: address,
      ops: address,
      /** One port, or a range of which every worker of a host takes the first that is free. */
      workerOps: addressRange.default('127.0.0.1:0'),
      /** Encrypts the gRPC port; absent means plain text, for one's own machine or behind a proxy that encrypts. */
      tls: tls.optional(),
    })
    .prefault({ grpc: '127.0.0.1:50051', ops: '127.0.0.1:9464' }),
  redis: z
    .strictObject({
      url: z.string().default(''),
      prefix: z
        .string()
        .regex(/^[A-Za-z0-9_-]{1,32}$/u, 'letters, digits, _ and -; at most 32')
        .default('sluice'),
      commandTimeoutMs: z.int().min(50).max(10_000).default(800),
      /** How long Redis keeps what has ended; each call is about 5 kB without its media. */
      keep: z
        .strictObject({
          /** An answered call: for feedback on it, and for receipts that come late. */
          callMs: z.int().min(60_000).max(86_400_000).default(600_000),
          /** A job, and whatever has an idempotency key: to come back for its answer. */
          jobMs: z.int().min(60_000).max(2_592_000_000).default(86_400_000),
          /** A job that failed: for an operator to replay. */
          deadLetterMs: z.int().min(60_000).max(7_776_000_000).default(604_800_000),
        })
        .prefault({}),
    })
    .prefault({}),
  auth: z
    .strictObject({
      anonymous: z.boolean().default(false),
      anonymousTenant: name.default('local'),
      anonymousScopes: z.array(scope).min(1).default(['infer']),
      keys: z.array(apiKey).default([]),
      /** Whose JSON Web Tokens are taken. */
      tokens: z.array(tokenIssuer).default([]),
      /** Wrong credentials a minute from one address, for each key id; beyond it they are refused unchecked. */
      failuresPerMinute: count.default(60),
      /** Networks of proxies whose `x-forwarded-for` says where a call comes from. */
      trustedProxies: z.array(z.union([z.cidrv4(), z.cidrv6()], 'address/bits')).default([]),
      /** What was proven is believed for this long: a key revoked through another router, too. */
      rememberMs: z.int().min(0).max(60_000).default(1000),
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
      /** Part of `inFlight` that the calls of one tenant, and those of one connection, may take. */
      inFlightShare: z.number().positive().max(1).default(0.5),
      payloadMegabytesPerTenant: z.number().positive().default(512),
      payloadTtlSeconds: count.default(900),
      defaultDeadlineMs: count.default(30_000),
      longestDeadlineMs: count.default(600_000),
      asyncDeadlineMs: count.default(600_000),
      /** Longest that a process which is asked to stop waits for what is under way; what is not done by then is done again elsewhere. */
      drainMs: count.default(120_000),
      fetch: z
        .strictObject({
          /** Host names, `.example.org` for every host under it, each with `:port` where it is not the scheme's own. */
          allow: z.array(z.string().min(1)).default([]),
          schemes: z
            .array(z.enum(['https', 'http']))
            .min(1)
            .default(['https']),
          /** Inside networks that may be fetched from all the same, such as that of an object store. */
          networks: z.array(z.union([z.cidrv4(), z.cidrv6()], 'address/bits')).default([]),
          /** Each is held to the same as the first address. */
          redirects: z.int().min(0).max(10).default(3),
          megabytes: z.number().positive().default(16),
          requestMegabytes: z.number().positive().default(32),
          timeoutMs: count.default(3000),
          atOnce: count.default(64),
        })
        .prefault({}),
    })
    .prefault({}),
  budgets: budgetsSchema.prefault({}),
  prices: pricesSchema.default({}),
  /** In what order work runs, and what is taken on while a pool is busy. */
  scheduling: z
    .strictObject({
      /** Shares of tenants in a pool that is busy; a tenant that is not named has 1. */
      weights: z.record(z.string().min(1), z.number().min(0.001).max(1000)).default({}),
      /** While a pool is busy, a request is admitted only when it ends within its deadline with this probability. */
      targetAttainment: z.number().min(0.5).max(0.999).default(0.99),
      /**
       * A pool whose queue wait exceeds `startAtQueueRatio` mean service times asks a rising price in quality, so that fewer inputs escalate
       * to it; from `fullAtQueueRatio` on none does.
       */
      escalationBackpressure: z
        .strictObject({ startAtQueueRatio: amount.default(1), fullAtQueueRatio: z.number().positive().default(4) })
        .prefault({}),
    })
    .prefault({}),
  learning: z
    .strictObject({
      /** Share of answered requests whose answers are held against the top rung's, after their callers have them. */
      shadowShare: z.number().min(0).max(1).default(0),
      shadowRungs: z.enum(['top', 'all']).default('top'),
      shadowAtOnce: count.default(2),
      /** The deployment pays for shadow calls, at most so much a day. */
      shadowUsdPerDay: z.number().positive().max(9_000_000).default(1),
      /** Rungs that forecasts keep out are measured anew at most so often, of the same money; 0: they wait until the forecast has faded. */
      probeEverySeconds: z.int().min(0).max(86_400).default(60),
      /** Keep the text of requests with their outcomes; else features alone. */
      keepContent: z.boolean().default(false),
      recordsPerTenant: count.default(10_000),
      keepDays: count.max(365).default(30),
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

/** The configuration as its files say it, after defaults of single fields. */
export type ParsedConfig = Readonly<z.output<typeof configSchema>>

/** What is left out of models and ladders, since it follows from the rest, is there too. */
type Completed<Entry, Left extends keyof Entry> = Omit<Entry, Left> & {
  readonly [Key in Left]-?: NonNullable<Entry[Key]>
}
type CompletedModel = Completed<Omit<ParsedConfig['models'][string], 'card'>, 'modalities'> & {
  readonly card: ModelCard
}

/** The configuration after defaults, as `compose.ts` sees it. */
export type Config = Omit<ParsedConfig, 'models' | 'ladders' | 'extends'> & {
  readonly models: Readonly<Record<string, CompletedModel>>
  readonly ladders: Readonly<Record<string, Completed<ParsedConfig['ladders'][string], 'modalities'>>>
}
