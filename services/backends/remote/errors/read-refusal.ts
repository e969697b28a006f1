import type { UpstreamResponse } from '../wire/post.ts'
import type { Redact } from './redact.ts'
import { isOverflow } from './overflow-words.ts'
import { readServerText, readServerWords, type ServerWords } from '#services/platform/http/server-words'
import { UpstreamError, type UpstreamFault } from '../wire/upstream-error.ts'

/** Statuses after which the same request may go well, beside 429 and those of 500 and above. */
const passing: ReadonlySet<number> = new Set([408, 409, 425])
/** Statuses that are about the address, the model's name or the key: the operator's to mend. */
const misconfigured: ReadonlySet<number> = new Set([401, 402, 403, 404, 405, 407, 410])

/** Reads an answer whose status is not 200: its status and the first bytes of its body. */
export async function readRefusal(response: UpstreamResponse, redact: Redact): Promise<UpstreamError> {
  const { status } = response
  const words = readServerText(await headOf(response))
  return refusalOf(words, { status, summary: `answered ${status}`, redact, retryAfterMs: retryAfterOf(response) })
}

/** How an error came. */
export interface RefusalContext {
  /** Of the answer; absent for an error within a stream, whose status was 200 already. */
  readonly status?: number
  /** What the server did, such as `answered 400`. */
  readonly summary: string
  readonly redact: Redact
  readonly retryAfterMs?: number | undefined
}

/**
 * The kind of an error: by its codes first, then by the server's own words, from which those of the caller are
 * taken out. Its message shows these words within bounds.
 */
export function refusalOf(
  serverWords: ServerWords,
  { status, summary, redact, retryAfterMs }: RefusalContext,
): UpstreamError {
  const { message, codes } = serverWords
  const fault = kindOf({
    message,
    own: redact.judged(message),
    codes,
    status: trueStatus(serverWords, status),
    has: pattern => codes.some(code => pattern.test(code)),
  })
  const shown = cut(redact.shown(message))
  return new UpstreamError(fault, `${leads[fault] ?? ''}the server ${summary}${shown === '' ? '' : `: ${shown}`}`, {
    retryAfterMs: fault === 'rate-limit' || fault === 'server' ? retryAfterMs : undefined,
    status,
  })
}

/** What the kind of an error means, where a status does not say it. */
const leads: Readonly<Partial<Record<UpstreamFault, string>>> = {
  'context-overflow': 'the content is longer than the model can take; ',
  'content-filter': 'the server refused the content; ',
}

/** An error that came within a stream, or in place of an answer, with status 200. */
export function streamError(error: unknown, redact: Redact): UpstreamError {
  return refusalOf(readServerWords(error), { summary: 'told of an error within the stream', redact })
}

/** Longest that is shown of a server's words: a status travels in headers. */
const mostShown = 200

function cut(words: string): string {
  return words.length <= mostShown ? words : `${words.slice(0, mostShown - 1).toWellFormed()}…`
}

/** Codes, types and statuses of filters. */
const filterCodes =
  /content[_-]?(?:filter|policy|moderation|management)|responsible_?ai|prohibited_content|moderation_blocked|data_?inspection|safety(?:_violation|_block|$)|guardrail|sensitive_content|cyber_policy/iu
const keyCodes =
  /api_?key|authentication_error|permission_(?:denied|error)|unauthenticated|invalid_token|failed_precondition|model_not_found|deployment_?not_?found|billing/iu
const rateCodes = /rate_limit|too_many_requests|resource_exhausted|insufficient_quota|quota_exceeded|throttling/iu
/** Error types that blame the request. */
const inputCodes =
  /invalid_request|bad_?request|invalid_?argument|validation|invalid_input|unprocessable|invalid_parameter/iu
const serverCodes = /internal|overloaded|unavailable|server_?error|api_error|timeout|engine/iu

/** How filters say it: sentences of the server's own, known from their beginning, which no quote has before them. */
const filterSentences =
  /^(?:error: )?(?:output blocked by content filtering policy|the response was filtered|the content was (?:blocked|filtered)|your (?:request|prompt|input|message) (?:was|has been) (?:rejected|blocked|flagged)|input data may contain inappropriate content)/iu
const filterWords =
  /content[_ ](?:filter|policy|management|moderation)|responsible[_ ]?ai|prohibited[_ ]content|blocked by .{0,20}filter|safety (?:system|filter|polic)|flagged (?:as|by|for|in)|inappropriate content/iu
/** Beginnings of messages that the content is too long. */
const overflowSentences =
  /^(?:error: )?(?:this model'?s maximum (?:context|prompt) length|prompt is too long|input is too long|the input token count|the (?:request|prompt|input|decoder prompt)\b.{0,40}\b(?:exceeds the|is (?:too long|longer than the))|your input exceeds the context|the total length of all messages is too long|input length .{0,20}exceed)/iu
const keyWords =
  /\bapi key\b|\bunauthori[sz]ed\b|\bmodel\b.{0,60}\b(?:does not exist|not found|not supported|is not available)\b/iu
/** What a medium that cannot be read is called: there is no other reason for it than the medium. */
const unreadableMedia =
  /(?:cannot identify|could not (?:decode|identify|read|open)|failed to (?:decode|identify|read)|unable to (?:decode|read|identify)|invalid|corrupt(?:ed)?|unsupported) (?:the |this |an? )?(?:\w+ )?(?:image|audio|video|picture|recording|sound|wav|base64|file format)\b/iu

/** How pydantic begins: llama-cpp-python answers 500 to a field that it does not know. */
const validation = /^\d+ validation errors?\b/iu

/** An error as it is judged. */
interface Judged {
  readonly message: string
  /** The message without the caller's words. */
  readonly own: string
  readonly codes: readonly string[]
  /** Absent where neither the answer nor the error has one. */
  readonly status: number | undefined
  /** Whether one of the codes is like this. */
  readonly has: (pattern: RegExp) => boolean
}

/** Whether it is the server that is in trouble, by its status; an error without any came within a stream. */
function isServers({ status }: Judged): boolean {
  return status === undefined || status >= 500 || passing.has(status)
}

/** The kinds in the order in which they are looked for; what is none of them is a refusal of the request. */
const kinds: readonly (readonly [UpstreamFault, (judged: Judged) => boolean])[] = [
  ['content-filter', ({ has }) => has(filterCodes)],
  [
    'context-overflow',
    ({ own, message, codes, status }) => isOverflow(own, codes) || overflowSentences.test(message) || status === 413,
  ],
  ['rate-limit', ({ has, status }) => status === 429 || has(rateCodes)],
  ['content-filter', ({ message }) => filterSentences.test(message)],
  ['content-filter', judged => (!isServers(judged) || judged.status === undefined) && filterWords.test(judged.own)],
  // A server error may still concern the input.
  ['refused', judged => isServers(judged) && (unreadableMedia.test(judged.own) || validation.test(judged.message))],
  ['misconfigured', ({ has }) => has(keyCodes)],
  ['refused', ({ has, status }) => status === undefined && has(inputCodes) && !has(serverCodes)],
  ['server', isServers],
  ['misconfigured', ({ own, status = 0 }) => status < 400 || misconfigured.has(status) || keyWords.test(own)],
]

function kindOf(judged: Judged): UpstreamFault {
  return kinds.find(([, holds]) => holds(judged))?.[0] ?? 'refused'
}

/** A body may be more precise than the status: some send every error as 200 or 400. */
function trueStatus({ codes, status }: ServerWords, answered: number | undefined): number | undefined {
  if (answered === undefined) return status
  const isInternal = status !== undefined && status >= 500
  return answered === 400 && isInternal && !codes.some(code => inputCodes.test(code)) ? status : answered
}

/** Enough of a refusal to know its kind by. */
const headBytes = 16 * 1024

async function headOf(response: UpstreamResponse): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body) {
    chunks.push(chunk)
    bytes += chunk.byteLength
    if (bytes >= headBytes) break
  }
  return Buffer.concat(chunks).toString('utf8')
}

/**
 * Retry-After in seconds or as a date.
 * @source RFC 9110, section 10.2.3; `retry-after-ms` as OpenAI and Azure send it
 */
function retryAfterOf(response: UpstreamResponse): number | undefined {
  const exactMs = Number(response.header('retry-after-ms') ?? Number.NaN)
  if (Number.isFinite(exactMs)) return Math.max(0, exactMs)
  const header = response.header('retry-after')
  if (header === undefined) return undefined
  const seconds = Number(header)
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000)
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now())
}
