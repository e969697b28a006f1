import { z } from 'zod'

const keep = z.strictObject({
  callMs: z
    .int()
    .min(60_000)
    .max(86_400_000)
    .default(600_000)
    .describe('How long an answered call is kept, for feedback and for late receipts.'),
  jobMs: z
    .int()
    .min(60_000)
    .max(2_592_000_000)
    .default(86_400_000)
    .describe('How long a job, or a request with an idempotency key, is kept.'),
  deadLetterMs: z
    .int()
    .min(60_000)
    .max(7_776_000_000)
    .default(604_800_000)
    .describe('How long a failed job is kept, for an operator to replay.'),
  fileMs: z
    .int()
    .min(3_600_000)
    .max(7_776_000_000)
    .default(604_800_000)
    .describe('How long a file, and a batch after its window, is kept where its tenant does not say.'),
})

/** The store. */
export const redisSchema = z.strictObject({
  url: z
    .string()
    .default('')
    .describe(
      '`redis://`, `rediss://`, `unix://path`, `sentinel://host:port,…/name` or `cluster://host:port,…`. ' +
        'When it is empty, `sluice up` starts a private server.',
    ),
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,32}$/u, 'letters, digits, _ and -; at most 32')
    .default('sluice')
    .describe('Prefix of every key.'),
  commandTimeoutMs: z.int().min(50).max(10_000).default(800).describe('After this time a command has failed.'),
  keep: keep.prefault({}).describe('How long Redis keeps what has ended. A call takes about 5 kB without its media.'),
})
