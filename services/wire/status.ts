import { Metadata, status as codes, type ServiceError, type StatusObject } from '@grpc/grpc-js'
import type { PackageDefinition } from '@grpc/proto-loader'
import { isGatewayError, type ErrorCode, type ErrorDetails, type FieldViolation } from '#services/contract/errors'
import { durationToWire } from './convert/time.ts'
import { messageType } from './load-proto.ts'

/** What a failure is on either wire. */
interface WireStatus {
  readonly grpc: codes
  readonly http: number
}

/** The one table from failures to statuses. HTTP has 499 for a caller who left, which nobody reads but the metrics. */
const statusOf: Readonly<Record<ErrorCode, WireStatus>> = {
  InvalidRequest: { grpc: codes.INVALID_ARGUMENT, http: 400 },
  Unauthenticated: { grpc: codes.UNAUTHENTICATED, http: 401 },
  PermissionDenied: { grpc: codes.PERMISSION_DENIED, http: 403 },
  NotFound: { grpc: codes.NOT_FOUND, http: 404 },
  AlreadyExists: { grpc: codes.ALREADY_EXISTS, http: 409 },
  BudgetExceeded: { grpc: codes.RESOURCE_EXHAUSTED, http: 429 },
  RateLimited: { grpc: codes.RESOURCE_EXHAUSTED, http: 429 },
  TooLarge: { grpc: codes.RESOURCE_EXHAUSTED, http: 413 },
  Overloaded: { grpc: codes.UNAVAILABLE, http: 503 },
  NoModel: { grpc: codes.FAILED_PRECONDITION, http: 400 },
  Deadline: { grpc: codes.DEADLINE_EXCEEDED, http: 504 },
  Cancelled: { grpc: codes.CANCELLED, http: 499 },
  LadderFailed: { grpc: codes.UNAVAILABLE, http: 503 },
  Config: { grpc: codes.INTERNAL, http: 500 },
}

const domain = 'sluice'
const binaryKey = 'grpc-status-details-bin'

/** Turns thrown values into wire errors. */
export interface StatusWriter {
  /** A known failure with its details; anything else is INTERNAL without its text. */
  toWire(thrown: unknown): Partial<StatusObject> & Pick<StatusObject, 'code' | 'details'>
}

/** The gRPC status number of a failure, for jobs that carry theirs as data. */
export function statusNumberOf(code: ErrorCode): number {
  return statusOf[code].grpc
}

/** The HTTP status of a failure. */
export function httpStatusOf(code: ErrorCode): number {
  return statusOf[code].http
}

/** When to come again after a failure; absent where coming again does not help by itself. */
export function retryAfterMsOf(code: ErrorCode, { retryAfterMs }: ErrorDetails): number | undefined {
  return retryAfterMs ?? (statusOf[code].grpc === codes.UNAVAILABLE ? defaultRetryMs : undefined)
}

/** The closed word for machines that tells failures of one code apart, such as `DEADLINE_AT_ADMIT`. */
export function reasonOf(code: ErrorCode, { reason }: ErrorDetails): string {
  return reason ?? screaming(code)
}

/** The name of a status number, such as `UNAVAILABLE`. */
export function statusName(code: number): string {
  return codes[code] ?? 'UNKNOWN'
}

/** Makes the writer from the messages of google.rpc. */
export function createStatusWriter(messages: PackageDefinition): StatusWriter {
  return {
    toWire(thrown) {
      if (!isGatewayError(thrown)) return { code: codes.INTERNAL, details: 'internal error' }
      const code = statusOf[thrown.code].grpc
      const message = sendable(thrown.message, mostMessageBytes)
      const metadata = new Metadata()
      const details = detailsOf(thrown.code, thrown.details).map(({ type, value }) => ({
        type_url: `type.googleapis.com/${type}`,
        value: messageType(messages, type).serialize(value),
      }))
      metadata.set(binaryKey, messageType(messages, 'google.rpc.Status').serialize({ code, message, details }))
      return { code, details: message, metadata }
    },
  }
}

/**
 * A status travels in headers, of which clients take 8 KiB in all (gRPC C-core's soft limit); one that is longer
 * never arrives, and the caller waits for its deadline. The message is sent percent-encoded and once more inside
 * the details, which are sent in base64.
 */
const mostMessageBytes = 512
const mostValueBytes = 192
const mostViolationsBytes = 1536
const mostMetadataBytes = 1024

/**
 * A text that can be sent: no half of a surrogate pair, at which percent-encoding throws, and no longer than it may
 * be.
 */
function sendable(text: string, mostBytes: number): string {
  const bytes = Buffer.from(text)
  return bytes.byteLength <= mostBytes ? bytes.toString() : `${bytes.subarray(0, mostBytes).toString()}…`
}

/** A record of texts that can be sent. */
function textsSendable(texts: object): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, sendable(String(text), mostValueBytes)]))
}

/** The first of a list that fit together; never none, when there is one. */
function firstThatFit<Item>(items: readonly Item[], mostBytes: number): readonly Item[] {
  let bytes = 0
  return items.filter((item, index) => {
    bytes += Buffer.byteLength(JSON.stringify(item))
    return index === 0 || bytes <= mostBytes
  })
}

interface Detail {
  readonly type: string
  readonly value: object
}

/** Every detail of a failure, each within its share of the headers. */
function detailsOf(code: ErrorCode, details: ErrorDetails): readonly Detail[] {
  const { stage, metadata = {}, quota, violations } = details
  const marks = { ...(stage === undefined ? {} : { stage }), ...metadata }
  const info = {
    reason: reasonOf(code, details),
    domain,
    metadata: Object.fromEntries(firstThatFit(Object.entries(textsSendable(marks)), mostMetadataBytes)),
  }
  const all: Detail[] = [{ type: 'google.rpc.ErrorInfo', value: info }]
  const retryMs = retryAfterMsOf(code, details)
  if (retryMs !== undefined) all.push({ type: 'google.rpc.RetryInfo', value: { retryDelay: durationToWire(retryMs) } })
  if (quota !== undefined) {
    all.push({ type: 'google.rpc.QuotaFailure', value: { violations: [textsSendable(quota)] } })
  }
  if (violations !== undefined) {
    const fieldViolations = firstThatFit(violations.map(textsSendable), mostViolationsBytes)
    all.push({ type: 'google.rpc.BadRequest', value: { fieldViolations } })
  }
  return all
}

/** UNAVAILABLE always carries a retry delay. */
const defaultRetryMs = 1000

function screaming(code: ErrorCode): string {
  return code.replaceAll(/(?<=[a-z])(?=[A-Z])/gu, '_').toUpperCase()
}

/** What a client can read of an error. */
export interface WireFailure {
  /** Name of the status, such as `INVALID_ARGUMENT`. */
  readonly status: string
  readonly message: string
  readonly reason?: string
  readonly metadata: Readonly<Record<string, string>>
  readonly violations: readonly FieldViolation[]
  readonly retryAfterMs?: number
}

/** Reads an error that a call ended in. */
export function readFailure(error: ServiceError, messages: PackageDefinition): WireFailure {
  const failure = { status: statusName(error.code), message: error.details, metadata: {}, violations: [] }
  const [binary] = error.metadata.get(binaryKey)
  if (!Buffer.isBuffer(binary)) return failure
  const whole = messageType(messages, 'google.rpc.Status').deserialize(binary) as {
    details: { typeUrl?: string; type_url?: string; value: Buffer }[]
  }
  return whole.details.reduce<WireFailure>((read, any) => {
    const type = (any.typeUrl ?? any.type_url ?? '').replace('type.googleapis.com/', '')
    return { ...read, ...readDetail(type, any.value, messages) }
  }, failure)
}

function readDetail(type: string, value: Buffer, messages: PackageDefinition): Partial<WireFailure> {
  const detail = messageType(messages, type).deserialize(value) as WireDetail
  if (type === 'google.rpc.ErrorInfo') return { reason: detail.reason ?? '', metadata: detail.metadata ?? {} }
  if (type === 'google.rpc.BadRequest') return { violations: detail.fieldViolations ?? [] }
  if (type !== 'google.rpc.RetryInfo') return {}
  const { seconds = 0, nanos = 0 } = detail.retryDelay ?? {}
  return { retryAfterMs: seconds * 1000 + nanos / 1e6 }
}

/** The fields of every detail that is read. */
interface WireDetail {
  readonly reason?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly fieldViolations?: readonly FieldViolation[]
  readonly retryDelay?: { readonly seconds?: number; readonly nanos?: number } | null
}
