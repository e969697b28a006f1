import { z } from 'zod'
import type { ChatDialect, ChatPiece, EventReader, ToolCallPiece } from '../remote/wire/chat-piece.ts'
import { parseEvent } from '../remote/wire/parse-event.ts'
import { readUsages } from '../remote/wire/read-usage.ts'
import type { UsageCounts } from '../remote/wire/usage-counts.ts'
import { refusalOf } from '../remote/wire/read-refusal.ts'
import { UpstreamError } from '../remote/wire/upstream-error.ts'

/** Read by hand, since one that cannot be read is no reason to throw the answer away. */
const unread = z.unknown().optional()

const part = z.object({
  text: z.string().nullish(),
  thought: z.boolean().nullish(),
  functionCall: z.object({ id: z.string().nullish(), name: z.string(), args: z.unknown().optional() }).nullish(),
})

const candidate = z.object({
  content: z.object({ parts: z.array(part).nullish() }).nullish(),
  finishReason: z.string().nullish(),
  logprobsResult: z
    .object({ chosenCandidates: z.array(z.object({ logProbability: z.number().default(0) })).nullish() })
    .nullish()
    .catch(undefined),
})

/** A part of a streamed answer. @source Gemini API reference, "GenerateContentResponse" */
const chunkSchema = z.object({
  candidates: z.array(candidate).nullish(),
  promptFeedback: z.object({ blockReason: z.string().nullish() }).nullish(),
  usageMetadata: unread,
  /** As some proxies spell it. */
  usage_metadata: unread,
  error: z.unknown().optional(),
})

/** Gemini's generateContent, streamed. */
export const geminiDialect: ChatDialect = {
  path: model => `/models/${encodeURIComponent(model)}:streamGenerateContent?alt=sse`,
  headers: apiKey => (apiKey === undefined || apiKey === '' ? {} : { 'x-goog-api-key': apiKey }),
  reader: createReader,
}

/** Why an answer ended, in the words of all dialects. @source Gemini API reference, "FinishReason" */
const finishReasons: Readonly<Record<string, string>> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'content_filter',
  RECITATION: 'content_filter',
  BLOCKLIST: 'content_filter',
  PROHIBITED_CONTENT: 'content_filter',
  SPII: 'content_filter',
  IMAGE_SAFETY: 'content_filter',
}

/** This protocol has no mark of its own for the end: an answer is whole when its finish reason came before the body ended. */
function createReader(): EventReader {
  let finished = false
  let calls = 0

  const pieceOf = (first: Candidate | undefined, usage: UsageCounts | undefined): ChatPiece => {
    const asked = partsOf(first).filter(one => one.functionCall)
    const toolCalls = asked.flatMap((one, place) => toolCallOf(one, calls + place))
    calls += toolCalls.length
    const finishReason = finishOf(first?.finishReason, calls > 0)
    finished ||= finishReason !== undefined
    return {
      ...textOf(first),
      ...(finishReason === undefined ? {} : { finishReason }),
      ...(toolCalls.length === 0 ? {} : { toolCalls }),
      ...(usage === undefined ? {} : { usage }),
    }
  }

  return {
    read(data) {
      const { candidates, promptFeedback, usageMetadata, usage_metadata: snake, error } = parseEvent(chunkSchema, data)
      if (error !== undefined && error !== null) throw errorOf(error)
      if (promptFeedback?.blockReason) throw new UpstreamError('content-filter', 'the server refused the content')
      return [pieceOf(candidates?.[0], readUsages(snake, usageMetadata))]
    },
    ended: false,
    get wholeAtClose() {
      return finished
    },
  }
}

type Candidate = z.output<typeof candidate>

function partsOf(first: Candidate | undefined): readonly z.output<typeof part>[] {
  return first?.content?.parts ?? []
}

/** What it thinks is not what it says. */
function textOf(first: Candidate | undefined): Pick<ChatPiece, 'text' | 'logprobs'> {
  const said = partsOf(first).filter(one => one.thought !== true)
  return {
    text: said.map(one => one.text ?? '').join(''),
    logprobs: (first?.logprobsResult?.chosenCandidates ?? []).map(token => token.logProbability),
  }
}

/** This protocol gives calls whole, mostly without an id. */
function toolCallOf({ functionCall }: z.output<typeof part>, index: number): ToolCallPiece[] {
  if (!functionCall) return []
  const { id, name, args = {} } = functionCall
  return [{ index, name, arguments: JSON.stringify(args), ...(id ? { id } : {}) }]
}

function finishOf(reason: string | null | undefined, called: boolean): string | undefined {
  if (!reason || reason === 'FINISH_REASON_UNSPECIFIED') return undefined
  if (reason === 'STOP' && called) return 'tool_calls'
  return finishReasons[reason] ?? reason.toLowerCase()
}

function errorOf(error: unknown): UpstreamError {
  const refusal = refusalOf(JSON.stringify(error), 'the server told of an error within the stream')
  return refusal.fault === 'refused' ? new UpstreamError('server', refusal.message) : refusal
}
