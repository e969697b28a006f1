import type { UpstreamResponse } from './post.ts'
import { UpstreamError } from './upstream-error.ts'

/** Statuses after which the same request may go well, beside 429 and those of 500 and above. */
const passing: ReadonlySet<number> = new Set([408, 409, 425])

/** By what words servers say that the content is too long: OpenAI and vLLM, SGLang, llama.cpp, text-generation-inference, Anthropic, Gemini. */
const overflow =
  /context[_ ](?:length|size|window)|maximum context|too many tokens|maximum number of tokens|prompt is too long|inputs` tokens|token count .{0,40}exceeds|request_too_large/iu
/** By what words OpenAI, Azure, Anthropic and those who copy them say that a filter refused it. */
const filtered = /content[_ ](?:filter|policy|management)|responsible_?ai|prohibited_content|blocked by .{0,20}filter/iu

/** Reads an answer that is no stream: what the status and the first bytes of the body say. */
export async function readRefusal(response: UpstreamResponse): Promise<UpstreamError> {
  const { status } = response
  const message = `the server answered ${status}`
  const retryAfterMs = retryAfterOf(response)
  if (status === 429) return new UpstreamError('rate-limit', message, { retryAfterMs })
  if (status >= 500 || passing.has(status)) return new UpstreamError('server', message, { retryAfterMs })
  if (status < 400) return new UpstreamError('malformed', `the server answered ${status}, and not with a stream`)
  return refusalOf(await headOf(response), message)
}

/** The kind of a refusal by its words. */
export function refusalOf(words: string, message: string): UpstreamError {
  if (overflow.test(words)) {
    return new UpstreamError('context-overflow', 'the content is longer than the model can take')
  }
  if (filtered.test(words)) return new UpstreamError('content-filter', 'the server refused the content')
  return new UpstreamError('refused', message)
}

/** Enough of a refusal to know its kind by. */
const headBytes = 16 * 1024

async function headOf(response: UpstreamResponse): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body) {
    const piece: Buffer = chunk
    chunks.push(piece)
    bytes += piece.byteLength
    if (bytes >= headBytes) break
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Retry-After in seconds or as a date. @source RFC 9110, section 10.2.3; `retry-after-ms` as OpenAI and Azure send it */
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
