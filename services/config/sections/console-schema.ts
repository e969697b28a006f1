import { z } from 'zod'
import { count } from '../field-schemas.ts'

/** The web console. */
export const consoleSchema = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether the HTTP port serves `/console`.'),
  requests: count
    .max(10_000)
    .default(500)
    .describe('Ended requests that each router keeps to show. One takes about 4 kB.'),
  keepMinutes: count.max(1440).default(60).describe('How long a router shows an ended request.'),
  content: z
    .boolean()
    .default(false)
    .describe('Whether the console shows what was asked and answered, for as long as `redis.keep` keeps it.'),
})
