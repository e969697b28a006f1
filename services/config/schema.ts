import { z } from 'zod'
import type { ModelCard } from '#services/contract/model'
import { name } from './field-schemas.ts'
import { budgetsSchema, pricesSchema } from './money-schema.ts'
import { authSchema } from './sections/auth-schema.ts'
import { consoleSchema } from './sections/console-schema.ts'
import { guardrailsSchema } from './sections/guardrails-schema.ts'
import { indexesSchema } from './sections/indexes-schema.ts'
import { ladderSchema } from './sections/ladder-schema.ts'
import { learningSchema } from './sections/learning-schema.ts'
import { limitsSchema } from './sections/limits-schema.ts'
import { listenSchema } from './sections/listen-schema.ts'
import { modelSchema } from './sections/model-schema.ts'
import { poolSchema } from './sections/pool-schema.ts'
import { logSchema, packsSchema, routerSchema, tracesSchema } from './sections/process-schemas.ts'
import { redisSchema } from './sections/redis-schema.ts'
import { schedulingSchema } from './sections/scheduling-schema.ts'

/**
 * The whole configuration. Its keys are those of deploy/config/sluice.yaml. Every key carries its meaning
 * (`describe`): the reference in docs/configuration.md and the JSON schema for editors are generated from it.
 */
export const configSchema = z.strictObject({
  version: z.literal(1).describe('Version of the format.'),
  extends: z
    .string()
    .min(1)
    .optional()
    .describe('The file that this one is put over: `default`, or a path relative to this file.'),
  listen: listenSchema.prefault({ grpc: '127.0.0.1:50051', ops: '127.0.0.1:9464' }).describe('Addresses to listen on.'),
  router: routerSchema.prefault({}).describe('How a router runs.'),
  redis: redisSchema.prefault({}).describe('The store.'),
  auth: authSchema.prefault({}).describe('Who may call.'),
  limits: limitsSchema.prefault({}).describe('What a request may hold, and how many may run.'),
  budgets: budgetsSchema.prefault({}).describe('Limits on money and on rates.'),
  prices: pricesSchema.default({}).describe('Prices by model and time, put over those of the models.'),
  scheduling: schedulingSchema
    .prefault({})
    .describe('In what order work runs, and what is admitted while a pool is busy.'),
  indexes: indexesSchema.prefault({}).describe('Indexes of documents, which retrieval searches.'),
  learning: learningSchema.prefault({}).describe('How policies stay true.'),
  guardrails: guardrailsSchema.prefault({}).describe('What requests and answers are checked for.'),
  console: consoleSchema.prefault({}).describe('The web console at `/console` of the HTTP port.'),
  packs: packsSchema.prefault({}).describe('Where model packs come from.'),
  log: logSchema.prefault({}).describe('What is logged.'),
  traces: tracesSchema.prefault({}).describe('Where traces go.'),
  pools: z.record(name, poolSchema).describe('Pools of workers by name.'),
  models: z.record(name, modelSchema).describe('Models by name.'),
  ladders: z.record(name, ladderSchema).describe('Ladders by name.'),
})

/** The configuration of the files, with the defaults of single fields. */
export type ParsedConfig = Readonly<z.output<typeof configSchema>>

/** What is left out of models and ladders, since it follows from the rest, is there too. */
type Completed<Entry, Left extends keyof Entry> = Omit<Entry, Left> & {
  readonly [Key in Left]-?: NonNullable<Entry[Key]>
}
type CompletedModel = Completed<Omit<ParsedConfig['models'][string], 'card'>, 'modalities'> & {
  readonly card: ModelCard
}

/** The configuration after defaults, as services see it. */
export type Config = Omit<ParsedConfig, 'models' | 'ladders' | 'extends'> & {
  readonly models: Readonly<Record<string, CompletedModel>>
  readonly ladders: Readonly<Record<string, Completed<ParsedConfig['ladders'][string], 'modalities'>>>
}
