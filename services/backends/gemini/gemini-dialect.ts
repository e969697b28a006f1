import { z } from 'zod'
import type { ChatDialect, ChatPiece, EventReader, ReasoningPiece, ToolCallPiece } from '../remote/wire/chat-piece.ts'
import { endingOf } from '../remote/wire/finish-reasons.ts'
import { parseJson, readAs } from '../remote/wire/parse-event.ts'
import { readUsages } from '../remote/wire/read-usage.ts'
import type { UsageCounts } from '../remote/wire/usage-counts.ts'
import { streamError } from '../remote/errors/read-refusal.ts'
import type { Redact } from '../remote/errors/redact.ts'
import { errorIn } from '#services/platform/http/server-words'
import { UpstreamError } from '../remote/wire/upstream-error.ts'
import { argumentsIn } from '../remote/tools/tool-arguments.ts'

/** Read by hand, since one that cannot be read is no reason to throw the answer away. */
const unread = z.unknown().optional()

const part = z.object({
  text: z.string().nullish(),
  thought: z.boolean().nullish(),
  thoughtSignature: z.string().nullish().catch(undefined),
  functionCall: z.object({ id: z.string().nullish(), name: z.string().nullish(), args: unread }).nullish(),
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
})

/** Gemini's generateContent, streamed. */
export const geminiDialect: ChatDialect = {
  path: model => `/models/${encodeURIComponent(model)}:streamGenerateContent?alt=sse`,
  headers: apiKey => (apiKey === undefined || apiKey === '' ? {} : { 'x-goog-api-key': apiKey }),
  reader: createReader,
}

/**
 * This protocol has no mark of its own for the end: an answer is whole when its finish reason came before the body
 * ended.
 */
function createReader(redact: Redact): EventReader {
  let finished = false
  let calls = 0

  const pieceOf = (first: Candidate | undefined, usage: UsageCounts | undefined): ChatPiece => {
    const reasoning = reasoningOf(partsOf(first), calls)
    const asked = partsOf(first).filter(one => one.functionCall)
    const toolCalls = asked.flatMap((one, place) => toolCallOf(one, calls + place))
    calls += toolCalls.length
    const finishReason = first?.finishReason ?? ''
    const ending = endingOf(finishReason)
    finished ||= ending !== undefined
    return {
      ...textOf(first),
      ...(reasoning.length === 0 ? {} : { reasoning }),
      ...(ending === undefined ? {} : { ending, finishReason }),
      ...(toolCalls.length === 0 ? {} : { toolCalls }),
      ...(usage === undefined ? {} : { usage }),
    }
  }

  return {
    read(data) {
      const value = parseJson(data)
      const error = errorIn(value)
      if (error !== undefined) throw streamError(error, redact)
      const { candidates, promptFeedback, usageMetadata, usage_metadata: snake } = readAs(chunkSchema, value)
      if (promptFeedback?.blockReason) throw new UpstreamError('content-filter', 'the server refused the content')
      return [pieceOf(candidates?.[0], readUsages(snake, usageMetadata))]
    },
    ended: false,
    get finished() {
      return finished
    },
    get wholeAtClose() {
      return finished
    },
  }
}

type Candidate = z.output<typeof candidate>

function partsOf(first: Candidate | undefined): readonly z.output<typeof part>[] {
  return first?.content?.parts ?? []
}

/**
 * What it thinks, and the signatures of it, which come with the parts that they are for; `calls` were called before.
 */
function reasoningOf(parts: readonly z.output<typeof part>[], calls: number): readonly ReasoningPiece[] {
  let place = calls
  return parts.flatMap((one): ReasoningPiece[] => {
    const thought = one.thought === true && one.text ? [{ block: 'thought', text: one.text }] : []
    const of = one.functionCall ? `call${place}` : 'text'
    if (one.functionCall) place += 1
    return one.thoughtSignature ? [...thought, { block: of, signature: `${of}:${one.thoughtSignature}` }] : thought
  })
}

/** What it thinks is not what it says. */
function textOf(first: Candidate | undefined): Pick<ChatPiece, 'text' | 'logprobs' | 'thinks'> {
  const answerParts = partsOf(first).filter(one => one.thought !== true)
  const thinks = partsOf(first).some(one => one.thought === true && one.text)
  return {
    ...(thinks ? { thinks } : {}),
    text: answerParts.map(one => one.text ?? '').join(''),
    logprobs: (first?.logprobsResult?.chosenCandidates ?? []).map(token => token.logProbability),
  }
}

/** This protocol gives calls whole, mostly without an id. */
function toolCallOf({ functionCall }: z.output<typeof part>, index: number): ToolCallPiece[] {
  if (!functionCall) return []
  const { id, name, args } = functionCall
  // With an id, the index adds nothing: a server may send the call again.
  return [{ arguments: argumentsIn(args), ...(id ? { id } : { index }), ...(name ? { name } : {}) }]
}
