/** What a server says of an error: its message, and its codes, types and statuses as they are. */
export interface ServerWords {
  readonly message: string
  /** Short words for machines, such as `context_length_exceeded`, in the order in which they stand. */
  readonly codes: readonly string[]
  /** The HTTP status in the body, where there is one. */
  readonly status?: number
}

type Fields = Readonly<Record<string, unknown>>

/**
 * Fields that name the kind of an error. Fields that repeat the request (`input`, `param`, `flagged_input`) are not
 * read.
 */
const codeFields = ['code', 'type', 'status', 'reason', 'error_code', 'errorCode', 'error_type', 'object', 'err_code']
/** Fields that hold a message for people, the first that does is taken. */
const messageFields = ['message', 'msg', 'detail', 'error_message', 'errorMessage', 'status_msg', 'title', 'reason']
/** Fields that hold an error within an error. */
const nestedFields = ['error', 'errors', 'detail', 'details', 'innererror', 'base_resp', 'metadata', 'raw', 'fault']

/** The format of a code. Anything longer or with spaces may be words, and words may be the caller's. */
const codeShape = /^[\w.:/-]{1,80}$/u
/** Errors stand within errors, but not deeper than this. */
const mostDepth = 5
const mostMessageCharacters = 2000

/** Reads the error of a body or an event, whatever its shape. */
export function readServerWords(value: unknown): ServerWords {
  const codes: string[] = []
  const messages: string[] = []
  collect(value, codes, messages, 0)
  const status = codes.map(Number).find(code => Number.isInteger(code) && code >= 400 && code <= 599)
  const message = messages.join('; ').slice(0, mostMessageCharacters)
  return { message, codes, ...(status === undefined ? {} : { status }) }
}

/** Reads the error of a body as it came: JSON, a page, or plain text. */
export function readServerText(text: string): ServerWords {
  const trimmed = text.trim()
  if (/^[{[]/u.test(trimmed)) {
    try {
      return readServerWords(JSON.parse(trimmed))
    } catch {
      // A body that was cut, or is no JSON, is still words.
    }
  }
  if (trimmed.startsWith('<')) return readServerWords(titleOf(trimmed))
  return readServerWords(trimmed)
}

/** What of a body with status 200, or of an event, tells of an error; `undefined` where nothing does. */
export function errorIn(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  const fields = value as Fields
  if (isSomething(fields['error'])) return value
  if (fields['object'] === 'error' || fields['type'] === 'error') return value
  const isAnswer = answerFields.some(name => isSomething(fields[name]))
  const isError =
    ['errors', 'detail', 'error_message', 'base_resp'].some(name => isSomething(fields[name])) ||
    (typeof fields['message'] === 'string' && fields['message'] !== '')
  return !isAnswer && isError ? value : undefined
}

/** One of these is in every answer, of whatever protocol. */
const answerFields = [
  'choices',
  'candidates',
  'data',
  'text',
  'content',
  'usage',
  'usageMetadata',
  'promptFeedback',
  'delta',
]

function isSomething(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0
  return value !== undefined && value !== null && value !== '' && value !== false && value !== 0
}

function collect(value: unknown, codes: string[], messages: string[], depth: number): void {
  if (depth > mostDepth) return
  if (typeof value === 'string') return collectText(value, codes, messages, depth)
  if (Array.isArray(value)) {
    for (const item of value.slice(0, 8)) collect(item, codes, messages, depth + 1)
  } else if (typeof value === 'object' && value !== null) {
    collectFields(value as Fields, codes, messages, depth)
  }
}

function collectFields(fields: Fields, codes: string[], messages: string[], depth: number): void {
  codes.push(...codeFields.flatMap(name => codeIn(fields[name])))
  const message = messageFields.map(name => fields[name]).find(one => typeof one === 'string' && one.trim() !== '')
  if (message !== undefined) collect(message, codes, messages, depth + 1)
  for (const name of nestedFields) {
    if (fields[name] !== message) collect(fields[name], codes, messages, depth + 1)
  }
}

function codeIn(value: unknown): readonly string[] {
  const isCode = typeof value === 'number' || (typeof value === 'string' && codeShape.test(value))
  return isCode ? [String(value)] : []
}

/** A text is words, or JSON of another server that this one passes on. */
function collectText(text: string, codes: string[], messages: string[], depth: number): void {
  const trimmed = text.trim()
  if (/^\{.*\}$/su.test(trimmed)) {
    try {
      return collect(JSON.parse(trimmed), codes, messages, depth + 1)
    } catch {
      // Words in braces.
    }
  }
  if (trimmed !== '' && !messages.includes(trimmed)) messages.push(trimmed)
}

/** Error pages of proxies name the error in their title. */
function titleOf(page: string): string {
  const title = /<title[^>]*>([^<]*)<\/title>/iu.exec(page)?.[1] ?? /<h1[^>]*>([^<]*)<\/h1>/iu.exec(page)?.[1]
  return title?.trim() ?? 'a web page'
}
