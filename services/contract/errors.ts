/** Every kind of failure that a caller can get. `wire/status.ts` maps each to a gRPC status. */
export type ErrorCode =
  | 'InvalidRequest'
  | 'Unauthenticated'
  | 'PermissionDenied'
  | 'NotFound'
  | 'AlreadyExists'
  | 'BudgetExceeded'
  | 'RateLimited'
  | 'TooLarge'
  | 'Overloaded'
  | 'NoModel'
  | 'Deadline'
  | 'Cancelled'
  | 'LadderFailed'
  | 'Config'

/** A fault in one field of what a caller or operator gave. */
export interface FieldViolation {
  /** Path of the field, such as `content[1].image.bytes`. */
  readonly field: string
  readonly description: string
}

/** What a failure can carry beside its text. None of it may hold content or credentials. */
export interface ErrorDetails {
  readonly violations?: readonly FieldViolation[]
  /** The scope whose quota is spent, such as `tenant:day`. */
  readonly quota?: { readonly subject: string; readonly description: string }
  readonly retryAfterMs?: number
  /** Closed word for machines, such as `DEADLINE_AT_ADMIT`. */
  readonly reason?: string
  /** The stage that failed: admit, assess, choose, reserve, run, deliver. */
  readonly stage?: string
  readonly metadata?: Readonly<Record<string, string>>
}

/** The one family of failures that callers see; anything else that is thrown is a bug and stays inside. */
export class GatewayError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly code: Code
  readonly details: ErrorDetails

  constructor(code: Code, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options)
    this.name = `${code}Error`
    this.code = code
    this.details = details
  }
}

/** Builds the error for one bad field of a request. */
export function invalidField(field: string, description: string): GatewayError<'InvalidRequest'> {
  return new GatewayError('InvalidRequest', `${field}: ${description}`, { violations: [{ field, description }] })
}

/** Returns whether a thrown value is one that callers may see. */
export function isGatewayError(thrown: unknown): thrown is GatewayError {
  return thrown instanceof GatewayError
}
