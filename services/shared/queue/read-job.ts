import { z } from 'zod'
import { parseLegId, type LegId } from '../contract/ids.ts'
import { envelopeVersion, type Job } from './job.ts'

const amount = z.number().min(0)

const part = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('text'), text: z.string() }),
  z.object({ kind: z.literal('tool-call'), id: z.string(), name: z.string(), argumentsJson: z.string() }),
  z.object({
    kind: z.literal('tool-result'),
    callId: z.string(),
    content: z.string(),
    isError: z.literal(true).optional(),
  }),
  ...(['text-payload', 'tool-payload'] as const).map(kind =>
    z.object({ kind: z.literal(kind), payloadId: z.string(), payloadBytes: z.number() }),
  ),
  ...(['image', 'audio', 'video'] as const).map(kind =>
    z.object({ kind: z.literal(kind), payloadId: z.string(), payloadBytes: z.number(), mediaType: z.string() }),
  ),
])

/** Fields of a later version that this build does not know are let through: a reader takes its own version and the one before. */
const envelope = z.object({
  version: z.number().int(),
  legId: z.custom<LegId>(value => typeof value === 'string' && parseLegId(value) !== undefined, 'not a leg id'),
  tenant: z.string().min(1),
  model: z.string().min(1),
  recipe: z.record(z.string(), z.unknown()),
  task: z.enum(['transcribe', 'read', 'classify', 'embed', 'generate', 'draw']),
  options: z.record(z.string(), z.unknown()),
  parts: z.array(part),
  deadlineAt: z.number(),
  longestMs: z.number().positive().optional(),
  priority: z.number().int().min(1).max(4),
  serviceMs: amount.optional(),
  weight: z.number().positive().optional(),
  latestStartAt: z.number().optional(),
  replyTo: z.string().min(1),
  streaming: z.boolean(),
  price: z.object({ above: z.array(z.object({ inputTokens: amount }).catchall(amount)).optional() }).catchall(amount),
  reserveNanoUsd: amount,
  sessionKey: z.string().optional(),
  traceparent: z.string().optional(),
  tracestate: z.string().optional(),
  enqueuedAt: z.number(),
})

/** An envelope that was read, or why it was not. */
export type ReadJob = { readonly kind: 'job'; readonly job: Job } | { readonly kind: 'refused'; readonly why: string }

/** Reads what a queue carries. The reason of a refusal names fields, never what is in them. */
export function readJob(data: unknown): ReadJob {
  const found = versionOf(data)
  if (found === undefined) return { kind: 'refused', why: 'it has no version' }
  if (found > envelopeVersion || found < envelopeVersion - 1) {
    return { kind: 'refused', why: `its version ${found} is not ${envelopeVersion - 1} or ${envelopeVersion}` }
  }
  const read = envelope.safeParse(data)
  if (read.success) return { kind: 'job', job: read.data as Job }
  const fields = read.error.issues.map(issue => issue.path.join('.') || '(whole)')
  return { kind: 'refused', why: `these fields are not as they should be: ${[...new Set(fields)].join(', ')}` }
}

/** Looked at by itself, since it decides which fields there are to be. */
function versionOf(data: unknown): number | undefined {
  const version = typeof data === 'object' && data !== null && 'version' in data ? data.version : undefined
  return typeof version === 'number' && Number.isInteger(version) ? version : undefined
}
