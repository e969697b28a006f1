import { z } from 'zod'
import { folder } from '../field-schemas.ts'

/** Where model packs come from. */
export const packsSchema = z.strictObject({
  folder: folder.optional().describe('Where packs are kept. Default: `$XDG_CACHE_HOME/sluice`.'),
  mirror: z
    .url({ protocol: /^https?$/u })
    .optional()
    .describe("Stands in for every publisher's hub: `<mirror>/<pack>/<path>`."),
  offline: z.boolean().default(false).describe('Whether packs are never fetched.'),
})

/** What is logged. */
export const logSchema = z.strictObject({
  level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('Least level that is logged.'),
  requests: z.boolean().default(false).describe('Whether each request that ends is logged.'),
})

/** Where traces go. */
export const tracesSchema = z.strictObject({
  otlpUrl: z
    .union([z.literal(''), z.url({ protocol: /^https?$/u })])
    .default('')
    .describe('Base address of an OTLP/HTTP receiver, such as `http://collector:4318`. Empty: no traces.'),
  headers: z.record(z.string(), z.string()).default({}).describe('Headers that the receiver wants.'),
  sampleRatio: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe("Share of the traces begun here that are kept. A caller's own choice goes first."),
  metricsEveryMs: z
    .int()
    .min(0)
    .max(3_600_000)
    .default(15_000)
    .describe('How often the metrics of `gen_ai` go to the same receiver. 0: never.'),
})

/** A router's processes. */
export const routerSchema = z.strictObject({
  processes: z
    .union([z.literal('auto'), z.int().min(1).max(64)], 'auto or a whole number of at least 1')
    .default(1)
    .describe(
      'Processes of a router behind its ports; `auto` is one a core. More than one pays where a router has cores that workers and Redis leave it. Each takes its own share of connections and holds `limits` by itself.',
    ),
})
