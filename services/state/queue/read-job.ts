import type { Task } from '#services/contract/content'
import type { Role } from '#services/contract/conversation'
import { parseLegId } from '#services/contract/ids'
import { noWork } from '#services/state/service-times/workload'
import { envelopeVersion, type Job, type PartReference } from './job.ts'

/** An envelope that was read, or why it was not. */
export type ReadJob = { readonly kind: 'job'; readonly job: Job } | { readonly kind: 'refused'; readonly why: string }

/**
 * Reads what a queue carries. The reason of a refusal names fields, never what is in them. Fields of a later
 * version that this build does not know are let through: a reader takes its own version and the one before.
 */
export function readJob(data: unknown): ReadJob {
  if (!isRecord(data) || !Number.isInteger(data['version'])) return { kind: 'refused', why: 'it has no version' }
  const found = Number(data['version'])
  if (found > envelopeVersion || found < envelopeVersion - 1) {
    return { kind: 'refused', why: `its version ${found} is not ${envelopeVersion - 1} or ${envelopeVersion}` }
  }
  const wrong = checks.filter(([field, isSound]) => !isSound(data[field])).map(([field]) => field)
  if (wrong.length === 0) return { kind: 'job', job: data as unknown as Job }
  return { kind: 'refused', why: `these fields are not as they should be: ${wrong.join(', ')}` }
}

type Check = (value: unknown) => boolean
type Fields<Value> = Readonly<Record<keyof Value & string, Check>>

const isText: Check = value => typeof value === 'string'
const isName: Check = value => typeof value === 'string' && value !== ''
const isNumber: Check = value => typeof value === 'number' && Number.isFinite(value)
const isAmount: Check = value => isNumber(value) && Number(value) >= 0
const isPositive: Check = value => isNumber(value) && Number(value) > 0
const optional =
  (check: Check): Check =>
  value =>
    value === undefined || check(value)
const listOf =
  (check: Check): Check =>
  value =>
    Array.isArray(value) && value.every(check)
const has =
  (fields: Readonly<Record<string, Check>>): Check =>
  value =>
    isRecord(value) && Object.entries(fields).every(([field, isSound]) => isSound(value[field]))

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const stored = { payloadId: isText, payloadBytes: isNumber }
const medium = has({ ...stored, mediaType: isText })
const parts: Readonly<Record<PartReference['kind'], Check>> = {
  text: has({ text: isText }),
  'tool-call': has({ id: isText, name: isText, argumentsJson: isText }),
  'tool-result': has({ callId: isText, content: isText, isError: optional(value => value === true) }),
  reasoning: has({ text: isText, signature: optional(isText), model: optional(isText) }),
  'text-payload': has(stored),
  'tool-payload': has(stored),
  'history-payload': has(stored),
  image: medium,
  audio: medium,
  video: medium,
  document: medium,
}
const isPart: Check = value => {
  const kind = isRecord(value) ? value['kind'] : undefined
  return typeof kind === 'string' && Object.hasOwn(parts, kind) && parts[kind as PartReference['kind']](value)
}

const roles: ReadonlySet<unknown> = new Set(['system', 'user', 'assistant', 'tool'] satisfies Role[])
const isRole: Check = value => roles.has(value)

const tasks: Readonly<Record<Task, true>> = {
  transcribe: true,
  ocr: true,
  classify: true,
  embed: true,
  generate: true,
  generate_image: true,
}

/** Amounts by what they are for, and the tiers above some size of input. */
const isPrice: Check = value =>
  isRecord(value) &&
  Object.entries(value).every(([name, price]) => (name === 'above' ? areTiers(price) : isAmount(price)))
const isTier: Check = value => isRecord(value) && isAmount(value['inputTokens']) && Object.values(value).every(isAmount)
const areTiers = listOf(isTier)

const isWorkload: Check = value => isRecord(value) && Object.keys(noWork).every(name => isAmount(value[name]))

/**
 * By field. Written out, since every leg is read on its way to its model, where the code is seldom in the cache:
 * zod took twice as long.
 */
const fields: Fields<Job> = {
  version: isNumber,
  legId: value => typeof value === 'string' && parseLegId(value) !== undefined,
  tenant: isName,
  model: isName,
  rung: isName,
  recipe: isRecord,
  task: value => typeof value === 'string' && Object.hasOwn(tasks, value),
  options: isRecord,
  parts: listOf(isPart),
  messages: optional(listOf(has({ role: isRole, parts: isAmount }))),
  work: isWorkload,
  deadlineAt: isNumber,
  longestMs: optional(isPositive),
  priority: value => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 4,
  serviceMs: optional(isAmount),
  weight: optional(isPositive),
  latestStartAt: optional(isNumber),
  replyTo: isName,
  streaming: value => typeof value === 'boolean',
  price: isPrice,
  reserveNanoUsd: isAmount,
  chargedComputeMs: optional(isAmount),
  sessionKey: optional(isText),
  traceparent: optional(isText),
  tracestate: optional(isText),
  enqueuedAt: isNumber,
}
const checks = Object.entries(fields)
