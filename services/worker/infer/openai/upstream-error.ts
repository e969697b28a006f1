import type { Response } from 'undici'
import type { LegFailure } from '../../../shared/climb/climb-log.ts'

/** What went wrong upstream, in a word that the climb can act on. The text names the server's status, never its words: they may quote the content. */
export class UpstreamError extends Error {
  readonly reason: LegFailure
  /** Whether the same request may go well if it is sent again. */
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined

  constructor(reason: LegFailure, message: string, retryable: boolean, retryAfterMs?: number) {
    super(message)
    this.name = 'UpstreamError'
    this.reason = reason
    this.retryable = retryable
    this.retryAfterMs = retryAfterMs
  }
}

/** Statuses after which the same request may go well. */
const passing: ReadonlySet<number> = new Set([408, 409, 425, 429, 500, 502, 503, 504])

/** By what words servers say that the content is too long: OpenAI and vLLM, SGLang, llama.cpp, text-generation-inference, Anthropic and Google in their OpenAI dress. */
const overflow =
  /context[_ ](?:length|size|window)|maximum context|too many tokens|maximum number of tokens|prompt is too long|inputs` tokens/iu
/** By what words OpenAI, Azure and those who copy them say that a filter refused it. */
const filtered = /content[_ ](?:filter|policy|management)|responsible_?ai/iu

/** Reads an answer that is no stream. */
export async function readRefusal(response: Response): Promise<UpstreamError> {
  if (passing.has(response.status)) {
    const retryAfterMs = retryAfterOf(response.headers.get('retry-after'))
    return new UpstreamError('upstream-error', `the server answered ${response.status}`, true, retryAfterMs)
  }
  const text = await headOf(response)
  if (overflow.test(text)) {
    return new UpstreamError('context-overflow', 'the content is longer than the model can take', false)
  }
  if (filtered.test(text)) {
    return new UpstreamError('content-filter', 'the server refused the content', false)
  }
  return new UpstreamError('upstream-error', `the server answered ${response.status}`, false)
}

/** Enough of a refusal to know its kind by. */
const headBytes = 16 * 1024

async function headOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk)
    bytes += chunk.byteLength
    if (bytes >= headBytes) break
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Retry-After in seconds or as a date. @source RFC 9110, section 10.2.3 */
function retryAfterOf(header: string | null): number | undefined {
  if (header === null) return undefined
  const seconds = Number(header)
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000)
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now())
}
