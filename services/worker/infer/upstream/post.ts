import { fetch, type Agent, type BodyInit, type Response } from 'undici'
import { UpstreamError } from './upstream-error.ts'

/** The way to one endpoint. */
export interface Line {
  /** Such as `http://127.0.0.1:8000/v1`. */
  readonly baseUrl: string
  readonly headers: Readonly<Record<string, string>>
  readonly dispatcher: Agent
}

/** What is sent. */
export interface Posted {
  /** Under the base URL, with its slash. */
  readonly path: string
  readonly body: BodyInit
  /** `application/json` when absent; a form names its own. */
  readonly form?: boolean
  readonly signal: AbortSignal
}

/** Codes by which Node and undici say that no connection came about. */
const unconnected = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|CERT|TLS/u

/** Posts to an endpoint and gives its answer's head. @throws UpstreamError `connect` or `reset`; the signal's own error when it is aborted */
export async function post(line: Line, { path, body, form, signal }: Posted): Promise<Response> {
  const { baseUrl, headers, dispatcher } = line
  try {
    return await fetch(`${baseUrl.replace(/\/$/u, '')}${path}`, {
      method: 'POST',
      signal,
      dispatcher,
      headers: {
        ...(form === true ? {} : { 'content-type': 'application/json', accept: 'text/event-stream, application/json' }),
        ...headers,
      },
      body,
    })
  } catch (error) {
    if (signal.aborted) throw error
    if (unconnected.test(codeOf(error))) throw new UpstreamError('connect', 'no connection to the server came about')
    throw new UpstreamError('reset', 'the connection to the server broke')
  }
}

/** fetch wraps the socket's error in its own. */
function codeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
}
