import { status as statuses, type ServiceError } from '@grpc/grpc-js'
import {
  errorClasses,
  SluiceError,
  type ErrorDetails,
  type FieldViolation,
  type QuotaViolation,
  type StatusName,
} from './errors.ts'
import { loadProtocol } from './protocol.ts'

/** Every field of the details that are read. */
interface WireDetail {
  readonly reason?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly fieldViolations?: readonly FieldViolation[]
  readonly violations?: readonly QuotaViolation[]
  readonly retryDelay?: { readonly seconds?: number; readonly nanos?: number } | null
}

interface WireAny {
  /** As the library of protobuf names it, whatever the case of other fields. */
  readonly type_url?: string
  readonly value: Buffer
}

/** What a call ended in, as an error of its class. Anything that gRPC did not throw is given back as it is. */
export function readError(thrown: unknown): unknown {
  if (!isServiceError(thrown)) return thrown
  const status = (statuses[thrown.code] ?? 'UNKNOWN') as StatusName
  const nothing: ErrorDetails = { status, reason: '', metadata: {}, retryAfterMs: undefined, fields: [], quotas: [] }
  const details = anysOf(thrown).reduce((read, any) => ({ ...read, ...readDetail(any) }), nothing)
  const Class = errorClasses[status] ?? SluiceError
  return new Class(thrown.details === '' ? status : thrown.details, details, { cause: thrown })
}

function isServiceError(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'number' && 'metadata' in thrown
}

function anysOf({ metadata }: ServiceError): readonly WireAny[] {
  const [bytes] = metadata.get('grpc-status-details-bin')
  if (!Buffer.isBuffer(bytes)) return []
  try {
    return (loadProtocol().read('google.rpc.Status', bytes) as { readonly details?: readonly WireAny[] }).details ?? []
  } catch {
    // What stands between may have cut it; status and message are known without it.
    return []
  }
}

function readDetail({ type_url: typeUrl = '', value }: WireAny): Partial<ErrorDetails> {
  const type = typeUrl.slice(typeUrl.lastIndexOf('/') + 1)
  return readers[type]?.(loadProtocol().read(type, value)) ?? {}
}

/** What of each detail is told. */
const readers: Readonly<Record<string, (detail: WireDetail) => Partial<ErrorDetails>>> = {
  'google.rpc.ErrorInfo': ({ reason = '', metadata = {} }) => ({ reason, metadata }),
  'google.rpc.BadRequest': ({ fieldViolations = [] }) => ({ fields: fieldViolations }),
  'google.rpc.QuotaFailure': ({ violations = [] }) => ({ quotas: violations }),
  'google.rpc.RetryInfo': ({ retryDelay }) => ({
    retryAfterMs: (retryDelay?.seconds ?? 0) * 1000 + (retryDelay?.nanos ?? 0) / 1e6,
  }),
}
