import type { Agent, FormData } from 'undici'
import type { Redact } from '../errors/redact.ts'
import { exchange } from '../exchange/exchange.ts'
import { UpstreamError } from './upstream-error.ts'

/** The way to one endpoint. */
export interface Line {
  /** Such as `http://127.0.0.1:8000/v1`. */
  readonly baseUrl: string
  readonly headers: Readonly<Record<string, string>>
  readonly dispatcher: Agent
  /** Removes the caller's words and the keys from the server's message. */
  readonly redact: Redact
}

/** What is sent. */
export interface Posted {
  /** Under the base URL, with its slash, as sent: other characters are percent-encoded. */
  readonly path: string
  readonly body: string | Buffer | FormData
  /** `application/json` when absent; a form names its own. */
  readonly form?: boolean
  readonly signal: AbortSignal
}

/** The head of an answer, with its body to be read. */
export interface UpstreamResponse {
  readonly status: number
  /** A header's first value. */
  header(name: string): string | undefined
  readonly body: AsyncIterable<Uint8Array>
}

/** Codes of Node and undici for failed connections. */
const unconnected = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|CERT|TLS/u

/**
 * Where an endpoint's requests go, read once: it is the same for all of them, and there are as many as the
 * configuration names.
 */
const places = new Map<string, Place>()

interface Place {
  readonly origin: string
  /** Before every path, without a slash at its end. */
  readonly root: string
  /** Behind every path, with its question mark, such as `?api-version=1`; empty for most. */
  readonly search: string
}

function placeOf(baseUrl: string): Place {
  const known = places.get(baseUrl)
  if (known !== undefined) return known
  const { origin, pathname, search } = new URL(baseUrl)
  const place = { origin, root: pathname.replace(/\/$/u, ''), search }
  places.set(baseUrl, place)
  return place
}

/**
 * Posts to an endpoint and gives its answer's head.
 * @throws UpstreamError `connect` or `reset`; the signal's own error when it is aborted
 */
export async function post(line: Line, { path, body, form, signal }: Posted): Promise<UpstreamResponse> {
  const { baseUrl, headers: own, dispatcher } = line
  const type = form === true ? {} : { 'content-type': 'application/json' }
  const headers = { accept: 'text/event-stream, application/json', ...type, ...own }
  try {
    const { origin, root, search } = placeOf(baseUrl)
    const whole = root + path + (path.includes('?') ? search.replace('?', '&') : search)
    const options = { origin, path: whole, method: 'POST', headers, body } as const
    const answer = await exchange(dispatcher, options, signal)
    return {
      status: answer.status,
      header(name) {
        const value = answer.headers[name]
        return typeof value === 'string' ? value : value?.[0]
      },
      body: answer.body,
    }
  } catch (error) {
    if (signal.aborted) throw error
    const code = codeOf(error)
    if (unconnected.test(code))
      throw new UpstreamError('connect', `no connection to the server came about${named(code)}`)
    throw new UpstreamError('reset', `the connection to the server broke${named(code)}`)
  }
}

/** The error code of Node or undici. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}

/** A code in brackets, where it is one: anything else may be words. */
export function named(code: string): string {
  return /^[A-Z][A-Z0-9_]+$/u.test(code) ? ` (${code})` : ''
}
