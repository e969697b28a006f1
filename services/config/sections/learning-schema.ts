import { z } from 'zod'
import { count } from '../field-schemas.ts'

/** How policies stay true. */
export const learningSchema = z.strictObject({
  shadowShare: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe("Share of answered requests whose answers are compared with the top rung's, after the caller has them."),
  shadowRungs: z
    .enum(['top', 'all'])
    .default('top')
    .describe('`all` asks every rung that was not called. A refit of three rungs or more needs it.'),
  shadowAtOnce: count.default(2).describe('Shadow calls that one router runs at once.'),
  shadowUsdPerDay: z.number().positive().max(9_000_000).default(1).describe('What the deployment pays for them a day.'),
  probeEverySeconds: z
    .int()
    .min(0)
    .max(86_400)
    .default(60)
    .describe('How often a rung that predictions exclude is measured again, from the same money. 0: never.'),
  keepContent: z
    .boolean()
    .default(false)
    .describe('Whether records of outcomes hold the text of requests. Otherwise they hold features alone.'),
  recordsPerTenant: count.default(10_000).describe('Records of one tenant under one policy.'),
  keepDays: count.max(365).default(30).describe('How long records are kept.'),
})
