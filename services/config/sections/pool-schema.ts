import { z } from 'zod'
import { amount, count, name } from '../field-schemas.ts'

const batch = z.strictObject({
  maxSize: count.describe('Most legs in one batch.'),
  maxWaitMs: amount.describe('How long a batch waits for more legs.'),
})

const hedge = z.strictObject({
  after: z
    .number()
    .min(0.5)
    .max(0.999)
    .default(0.95)
    .describe("Quantile of the model's service times after which a leg gets a hedged attempt."),
  maxShare: z.number().min(0).max(1).default(0.05).describe("Largest share of the pool's legs that is hedged."),
})

/** A pool of workers. */
export const poolSchema = z.strictObject({
  tier: name.describe('Name for the size of its models, such as `small`.'),
  concurrency: count.default(2).describe('Batches that one worker process runs at once.'),
  batch: batch.prefault({ maxSize: 1, maxWaitMs: 0 }).describe('How legs are joined into batches.'),
  maxWaiting: count.default(5000).describe('Legs that may wait in the queue.'),
  executionProviders: z
    .array(z.enum(['cuda', 'webgpu', 'cpu']))
    .min(1)
    .default(['cpu'])
    .describe('Execution providers of ONNX Runtime. The first that works is used.'),
  threads: count.default(1).describe('Threads of one model.'),
  modelGrowthMegabytes: count
    .default(1000)
    .describe(
      'A process of a local model that takes so much more memory than after loading is started again between two ' +
        'batches, once a minute at most.',
    ),
  longestLegMs: z
    .int()
    .min(100)
    .default(60_000)
    .describe('A leg that runs longer is stopped. Compute time is reserved up to this.'),
  hedge: hedge.optional().describe('Starts a second attempt of a slow leg on another worker. Off when absent.'),
  dispatch: z
    .enum(['auto', 'queue'])
    .default('auto')
    .describe(
      '`auto`: a router calls the server of a model itself while nobody waits and a slot of the pool is free. ' +
        '`queue`: every leg goes through the queue to a worker.',
    ),
  lockMs: z.int().min(1000).default(2500).describe('A worker that is silent for this long loses its legs to another.'),
  coldStartMs: count
    .optional()
    .describe(
      'The pool may have no workers; its first is ready this long after it is needed. ' +
        'Without it a pool that no worker serves makes the router not ready.',
    ),
})
