import { z } from 'zod'
import { amount } from '../field-schemas.ts'

const escalationBackpressure = z.strictObject({
  startAtQueueRatio: amount
    .default(1)
    .describe('Queue wait, in mean service times, from which an escalation must gain quality.'),
  fullAtQueueRatio: z.number().positive().default(4).describe('From this wait on no request escalates to the pool.'),
})

/** In what order work runs, and what is admitted while a pool is busy. */
export const schedulingSchema = z.strictObject({
  weights: z
    .record(z.string().min(1), z.number().min(0.001).max(1000))
    .default({})
    .describe('Shares of tenants in a busy pool. A tenant that is not named has 1.'),
  targetAttainment: z
    .number()
    .min(0.5)
    .max(0.999)
    .default(0.99)
    .describe('A busy pool admits a request only if it meets its deadline with this probability.'),
  escalationBackpressure: escalationBackpressure
    .prefault({})
    .describe('Fewer inputs escalate to a pool with a long queue.'),
})
