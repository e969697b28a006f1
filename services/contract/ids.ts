/** Identifies one accepted request, and the job when it is asynchronous: 32 lower-case hex digits that sort by time. */
export type RequestId = string & { readonly __brand: 'RequestId' }

/**
 * Identifies one leg of a cascade, `<request id>.<index of the step>`: the same for every router and worker, so a leg
 * is never billed twice.
 */
export type LegId = string & { readonly __brand: 'LegId' }

const requestIdPattern = /^[0-9a-f]{32}$/

/**
 * Makes a request id: 48 bits of epoch milliseconds, then 80 random bits.
 * @source RFC 9562, section 5.7 (UUID version 7, without its version and variant bits)
 */
export function createRequestId(nowMs: number): RequestId {
  return (Math.floor(nowMs).toString(16).padStart(12, '0').slice(-12) + randomDigits()) as RequestId
}

const bytesOfId = 10
const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
/** Random bytes are drawn for many ids at once: a draw costs more than ten bytes do. */
const drawn = new Uint8Array(bytesOfId * 256)
let used = drawn.length

function randomDigits(): string {
  if (used === drawn.length) {
    globalThis.crypto.getRandomValues(drawn)
    used = 0
  }
  let digits = ''
  for (const end = used + bytesOfId; used < end; used += 1) digits += hexOfByte[drawn[used] ?? 0]
  return digits
}

/** Reads a request id from outside; `undefined` when it is not one. */
export function parseRequestId(text: string): RequestId | undefined {
  return requestIdPattern.test(text) ? (text as RequestId) : undefined
}

/** Names the leg that is step `index` (from 0) of a request's cascade. */
export function legIdOf(requestId: RequestId, index: number): LegId {
  return `${requestId}.${index}` as LegId
}

/** Splits a leg id into its request and step; `undefined` when it is not one. */
export function parseLegId(text: string): { readonly requestId: RequestId; readonly index: number } | undefined {
  const [head = '', tail = '', ...rest] = text.split('.')
  const requestId = parseRequestId(head)
  if (requestId === undefined || rest.length > 0 || !/^\d{1,3}$/.test(tail)) return undefined
  return { requestId, index: Number(tail) }
}
