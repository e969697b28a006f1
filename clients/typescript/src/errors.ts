/** Names of gRPC's statuses other than OK. */
export type StatusName =
  | 'CANCELLED'
  | 'UNKNOWN'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'OUT_OF_RANGE'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'DATA_LOSS'
  | 'UNAUTHENTICATED'

/** A field of the request, and what is wrong with it. */
export interface FieldViolation {
  readonly field: string
  readonly description: string
}

/** A budget or rate limit that does not allow the call. */
export interface QuotaViolation {
  /** Such as `tenant:acme:day`. */
  readonly subject: string
  readonly description: string
}

/** What the gateway says of a failure. */
export interface ErrorDetails {
  readonly status: StatusName
  /** Distinguishes failures of one status, such as `DEADLINE_AT_ADMIT`; empty where the gateway did not answer. */
  readonly reason: string
  /** More about the reason, such as the `stage` at which the time was over. */
  readonly metadata: Readonly<Record<string, string>>
  /** When to come again, where the gateway says so. */
  readonly retryAfterMs: number | undefined
  readonly fields: readonly FieldViolation[]
  readonly quotas: readonly QuotaViolation[]
}

/** A call that failed. Its classes are the statuses that a caller treats differently. */
export class SluiceError extends Error implements ErrorDetails {
  readonly status: StatusName
  readonly reason: string
  readonly metadata: Readonly<Record<string, string>>
  readonly retryAfterMs: number | undefined
  readonly fields: readonly FieldViolation[]
  readonly quotas: readonly QuotaViolation[]

  constructor(message: string, details: ErrorDetails, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.status = details.status
    this.reason = details.reason
    this.metadata = details.metadata
    this.retryAfterMs = details.retryAfterMs
    this.fields = details.fields
    this.quotas = details.quotas
  }
}

/** INVALID_ARGUMENT: `fields` says what to change. */
export class InvalidRequestError extends SluiceError {}

/** UNAUTHENTICATED: no credential, or one that cannot be used. */
export class UnauthenticatedError extends SluiceError {}

/** PERMISSION_DENIED: the credential does not allow this. */
export class PermissionDeniedError extends SluiceError {}

/** NOT_FOUND: there is no such job, or no longer. */
export class NotFoundError extends SluiceError {}

/** ALREADY_EXISTS: the idempotency key belongs to another request. */
export class AlreadyExistsError extends SluiceError {}

/** RESOURCE_EXHAUSTED: a budget or rate limit (`quotas`), or a message over its limit. */
export class ResourceExhaustedError extends SluiceError {}

/** DEADLINE_EXCEEDED; `metadata.stage` says where the time went, if the gateway ended it. */
export class DeadlineExceededError extends SluiceError {}

/** CANCELLED: the caller left. */
export class CancelledError extends SluiceError {}

/** UNAVAILABLE: overload, no connection, or every rung failed. */
export class UnavailableError extends SluiceError {}

/** FAILED_PRECONDITION: no model can take this; the message names the filter that emptied the list. */
export class NoModelError extends SluiceError {}

/** The class of each status; every other is a SluiceError itself. */
export const errorClasses: Readonly<Partial<Record<StatusName, typeof SluiceError>>> = {
  INVALID_ARGUMENT: InvalidRequestError,
  UNAUTHENTICATED: UnauthenticatedError,
  PERMISSION_DENIED: PermissionDeniedError,
  NOT_FOUND: NotFoundError,
  ALREADY_EXISTS: AlreadyExistsError,
  RESOURCE_EXHAUSTED: ResourceExhaustedError,
  DEADLINE_EXCEEDED: DeadlineExceededError,
  CANCELLED: CancelledError,
  UNAVAILABLE: UnavailableError,
  FAILED_PRECONDITION: NoModelError,
}
