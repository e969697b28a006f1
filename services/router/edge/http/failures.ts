import { GatewayError, invalidField, isGatewayError } from '#services/contract/errors'
import { storeErrorOf } from '#services/platform/redis/run-command'
import { httpStatusOf, reasonOf, retryAfterMsOf } from '#services/wire/status'

/** Whose wire an answer is written in. */
export type Dialect = 'openai' | 'anthropic'

/** A failure in the form for a client. */
export interface HttpFailure {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: object
}

/** The error for clients after a bug. */
const internal = 'internal error'

/** A failure in its wire's own shape; the text of an unknown error is withheld. */
export function failureOf(thrown: unknown, dialect: Dialect, callId: string): HttpFailure {
  const error = knownFailure(thrown)
  const status = error === undefined ? 500 : httpStatusOf(error.code)
  return {
    status,
    headers: error === undefined ? {} : retryHeaders(error, status),
    body: dialect === 'openai' ? openaiBody(error) : anthropicBody(error, status, callId),
  }
}

/** What was thrown, as the failure that callers may see; `undefined` for a bug. */
export function knownFailure(thrown: unknown): GatewayError | undefined {
  const error = storeErrorOf(thrown) ?? frameworkFailure(thrown) ?? thrown
  return isGatewayError(error) ? error : undefined
}

/** Codes of Fastify, what each means here. Its own words can quote a body, so none of them is passed on. */
const frameworkFailures: Readonly<Record<string, () => GatewayError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: tooLarge,
  FST_REQ_FILE_TOO_LARGE: tooLarge,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => invalidField('content-type', 'expected application/json'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => invalidField('content-length', 'it is not the length of the body'),
  FST_INVALID_MULTIPART_CONTENT_TYPE: () => invalidField('content-type', 'expected multipart/form-data'),
  FST_FILES_LIMIT: () => invalidField('file', 'expected one file'),
  FST_FIELDS_LIMIT: () => invalidField('body', 'it has too many fields'),
  FST_PARTS_LIMIT: () => invalidField('body', 'it has too many parts'),
  Z_DATA_ERROR: () => invalidField('body', 'it is not packed as content-encoding says'),
  Z_BUF_ERROR: () => invalidField('body', 'it ends too early for its content-encoding'),
  FST_PROTO_VIOLATION: () => invalidField('body', 'a field has a name that is not allowed'),
}

function tooLarge(): GatewayError {
  return new GatewayError('TooLarge', 'the body is larger than limits.http.bodyMegabytes allows', {
    reason: 'BODY_TOO_LARGE',
  })
}

function frameworkFailure(thrown: unknown): GatewayError | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown) || typeof thrown.code !== 'string') return undefined
  return frameworkFailures[thrown.code]?.()
}

/** Failures that a client's own retries would only repeat. */
const lasting: ReadonlySet<string> = new Set(['BudgetExceeded', 'AlreadyExists', 'Deadline'])

/**
 * When to come again, and whether to. `retry-after` is whole seconds; the clients of both wires read
 * `retry-after-ms` first, and `x-should-retry` before they retry by themselves.
 */
function retryHeaders({ code, details }: GatewayError, status: number): Record<string, string> {
  const retryMs = retryAfterMsOf(code, details) ?? (status === 429 ? 1000 : undefined)
  return {
    ...(retryMs === undefined
      ? {}
      : {
          'retry-after': String(Math.max(1, Math.ceil(retryMs / 1000))),
          'retry-after-ms': String(Math.ceil(retryMs)),
        }),
    ...(lasting.has(code) ? { 'x-should-retry': 'false' } : {}),
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
  }
}

const openaiTypes: Readonly<Partial<Record<number, string>>> = {
  401: 'authentication_error',
  403: 'permission_error',
  429: 'rate_limit_error',
  500: 'server_error',
  503: 'server_error',
  504: 'server_error',
}

function openaiBody(error: GatewayError | undefined): object {
  if (error === undefined) return { error: { message: internal, type: 'server_error', param: null, code: 'internal' } }
  const isSpent = error.code === 'BudgetExceeded'
  return {
    error: {
      message: error.message,
      type: isSpent ? 'insufficient_quota' : (openaiTypes[httpStatusOf(error.code)] ?? 'invalid_request_error'),
      param: error.details.violations?.[0]?.field ?? null,
      code: reasonOf(error.code, error.details).toLowerCase(),
    },
  }
}

/** @source Anthropic's API reference, "Errors" */
const anthropicTypes: Readonly<Partial<Record<number, string>>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'invalid_request_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
}

function anthropicBody(error: GatewayError | undefined, status: number, callId: string): object {
  const type = error?.code === 'BudgetExceeded' ? 'billing_error' : (anthropicTypes[status] ?? 'api_error')
  return { type: 'error', error: { type, message: error?.message ?? internal }, request_id: callId }
}
