import { z } from 'zod'
import { count } from '../field-schemas.ts'

const fetchSchema = z.strictObject({
  allow: z
    .array(z.string().min(1))
    .default([])
    .describe('Hosts from which `uri` parts may be fetched. `.example.org` is every host under it; append `:port`.'),
  schemes: z
    .array(z.enum(['https', 'http']))
    .min(1)
    .default(['https'])
    .describe('Schemes that may be fetched.'),
  networks: z
    .array(z.union([z.cidrv4(), z.cidrv6()], 'address/bits'))
    .default([])
    .describe('Private networks that may be fetched from all the same, such as that of an object store.'),
  redirects: z.int().min(0).max(10).default(3).describe('Most redirects. Each target must pass the same checks.'),
  megabytes: z.number().positive().default(16).describe('Most that one part may hold.'),
  requestMegabytes: z.number().positive().default(32).describe('Most that all fetched parts of a request may hold.'),
  timeoutMs: count.default(3000).describe('Most time for one part.'),
  atOnce: count.default(64).describe('Fetches that a router runs at once.'),
})

const httpSchema = z.strictObject({
  bodyMegabytes: z
    .number()
    .min(0.01)
    .max(512)
    .default(32)
    .describe('Largest body. A larger one is refused with 413 before it is read.'),
  headerKilobytes: z.int().min(1).max(256).default(16).describe('Largest head of a request; beyond it 431.'),
  connections: count.default(10_000).describe('Most open connections of one router; further ones are closed.'),
  headerTimeoutMs: z
    .int()
    .min(100)
    .max(600_000)
    .default(10_000)
    .describe('Time in which a client sends its headers; then 408.'),
  bodyTimeoutMs: z
    .int()
    .min(100)
    .max(3_600_000)
    .default(120_000)
    .describe('Time in which a client sends its body after that; then 408.'),
  idleMs: z.int().min(100).max(3_600_000).default(75_000).describe('A connection without a request is closed then.'),
})

const batchesSchema = z.strictObject({
  rows: count.default(50_000).describe('Most rows of one batch.'),
  perTenant: count.default(64).describe('Batches of one tenant that are under way at once.'),
  perRouter: count.default(8).describe('Batches that one router drives at once; others wait.'),
  rowsInFlight: count.default(64).describe('Rows of one batch that are under way at once.'),
  fileMegabytes: z.number().min(0.01).max(512).default(200).describe('Largest file that is uploaded.'),
  filesPerTenant: count.max(1000).default(1000).describe('Files of one tenant.'),
  fileMegabytesPerTenant: z
    .number()
    .positive()
    .default(1024)
    .describe('Files of one tenant that Redis holds, results among them. Beyond it no more are uploaded.'),
})

/** What a request may hold, and how many may run. */
export const limitsSchema = z.strictObject({
  messageMegabytes: z.number().min(0.1).max(512).default(24).describe('Largest gRPC message.'),
  parts: count.default(16).describe('Most parts of `content`.'),
  textCharacters: count.default(200_000).describe('Most characters of `content`, and of one message.'),
  messages: count.default(2000).describe('Most messages of a conversation.'),
  conversationCharacters: count.default(4_000_000).describe('Most characters of a whole conversation.'),
  imageMegapixels: z.number().positive().default(40).describe('Largest image.'),
  audioSeconds: z.number().positive().default(1800).describe('Longest recording, and longest video.'),
  videoFrames: z
    .int()
    .min(1)
    .max(64)
    .default(16)
    .describe('Most frames of a video that models of pictures see: those that differ most from the ones before.'),
  drawnPages: z
    .int()
    .min(1)
    .max(200)
    .default(32)
    .describe('Most pages of a PDF that are drawn for models of pictures.'),
  textPages: z.int().min(1).max(5000).default(500).describe('Most pages of a PDF whose text is read.'),
  inFlight: count.default(2000).describe('Requests that one router carries at once.'),
  inFlightShare: z
    .number()
    .positive()
    .max(1)
    .default(0.5)
    .describe('Share of `inFlight` that one tenant may take, and one connection.'),
  payloadMegabytesPerTenant: z
    .number()
    .positive()
    .default(512)
    .describe('Media and long texts of one tenant that Redis holds.'),
  payloadTtlSeconds: count.default(900).describe('How long such a payload is kept at most.'),
  defaultDeadlineMs: count.default(30_000).describe('Deadline of a request that has none, and whose call has none.'),
  longestDeadlineMs: count.default(600_000).describe('Later deadlines are cut to this.'),
  asyncDeadlineMs: count.default(600_000).describe('Deadline of a job that has none.'),
  drainMs: count
    .default(120_000)
    .describe('How long a stopping process waits for running work. What is unfinished then is done again elsewhere.'),
  batches: batchesSchema.prefault({}).describe('What `/v1/files` and `/v1/batches` take.'),
  http: httpSchema.prefault({}).describe('What the HTTP port takes.'),
  fetch: fetchSchema.prefault({}).describe('From where `uri` parts may be fetched.'),
})
