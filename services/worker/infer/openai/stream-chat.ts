import { createParser } from 'eventsource-parser'
import { z } from 'zod'
import { readRefusal, UpstreamError } from './upstream-error.ts'

/** Where an OpenAI-compatible server is and how long it may keep us waiting. */
export interface ChatServer {
  /** Such as `http://127.0.0.1:8000/v1`. */
  readonly baseUrl: string
  readonly apiKey?: string
  /** From the request to the head of the answer. */
  readonly firstByteTimeoutMs: number
  readonly betweenChunksTimeoutMs: number
}

/** One piece of a streamed answer. */
export interface ChatPiece {
  readonly text: string
  /** Natural logarithms of the chances of the piece's tokens, where the server tells them. */
  readonly logprobs: readonly number[]
  readonly finishReason?: string
  readonly usage?: ChatUsage
}

const tokens = z.number().int().min(0)
const usageSchema = z.object({
  prompt_tokens: tokens,
  completion_tokens: tokens,
  prompt_tokens_details: z.object({ cached_tokens: tokens.nullish() }).nullish(),
  completion_tokens_details: z.object({ reasoning_tokens: tokens.nullish() }).nullish(),
})

/** What the server says was used. */
export type ChatUsage = z.output<typeof usageSchema>

/** A chunk of a chat completion; servers leave out and add fields, so only those that are read are held to a shape. @source OpenAI API reference, "The chat completion chunk object" */
const chunkSchema = z.object({
  choices: z
    .array(
      z.object({
        delta: z.object({ content: z.string().nullish() }).nullish(),
        finish_reason: z.string().nullish(),
        logprobs: z.object({ content: z.array(z.object({ logprob: z.number() })).nullish() }).nullish(),
      }),
    )
    .default([]),
  usage: usageSchema.nullish(),
  error: z.unknown().optional(),
})

/**
 * Sends a chat and gives its pieces as they come; the next is read when the last was taken. Ending the loop, or the signal, closes
 * the connection at once.
 * @throws UpstreamError for refusals, time-outs, chunks that cannot be read, and a stream that ends without `[DONE]`
 */
export async function* streamChat(server: ChatServer, request: object, signal: AbortSignal): AsyncGenerator<ChatPiece> {
  const stop = new AbortController()
  const whole = AbortSignal.any([signal, stop.signal])
  try {
    const response = await within(
      server.firstByteTimeoutMs,
      'the server did not answer in time',
      post(server, request, whole),
    )
    if (!response.ok || response.body === null) throw await readRefusal(response)
    yield* readPieces(response.body, server.betweenChunksTimeoutMs)
  } catch (error) {
    if (error instanceof UpstreamError || signal.aborted) throw error
    throw new UpstreamError('upstream-error', 'the connection to the server broke', true)
  } finally {
    stop.abort()
  }
}

function post(server: ChatServer, request: object, signal: AbortSignal): Promise<Response> {
  const { baseUrl, apiKey } = server
  return fetch(`${baseUrl.replace(/\/$/u, '')}/chat/completions`, {
    method: 'POST',
    signal,
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(apiKey === undefined || apiKey === '' ? {} : { authorization: `Bearer ${apiKey}` }),
    },
    body: JSON.stringify(request),
  })
}

async function* readPieces(body: ReadableStream<Uint8Array>, betweenMs: number): AsyncGenerator<ChatPiece> {
  const waiting: string[] = []
  const parser = createParser({ onEvent: event => waiting.push(event.data) })
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const { done, value } = await within(betweenMs, 'the stream stalled', reader.read())
    if (done) break
    parser.feed(value)
    for (const data of waiting.splice(0)) {
      if (data.trim() === '[DONE]') return
      yield pieceOf(data)
    }
  }
  throw new UpstreamError('upstream-error', 'the stream ended without [DONE]', true)
}

function pieceOf(data: string): ChatPiece {
  const read = chunkSchema.safeParse(parse(data))
  if (!read.success || read.data.error !== undefined) {
    throw new UpstreamError('upstream-error', 'a chunk of the stream is not what the protocol says', true)
  }
  const { choices, usage } = read.data
  return { ...choiceOf(choices[0]), ...(usage ? { usage } : {}) }
}

function choiceOf(choice: z.output<typeof chunkSchema>['choices'][number] | undefined): Omit<ChatPiece, 'usage'> {
  const finishReason = choice?.finish_reason
  return {
    text: choice?.delta?.content ?? '',
    logprobs: choice?.logprobs?.content?.map(token => token.logprob) ?? [],
    ...(finishReason ? { finishReason } : {}),
  }
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    throw new UpstreamError('upstream-error', 'a chunk of the stream is no JSON', true)
  }
}

async function within<T>(ms: number, message: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new UpstreamError('upstream-error', message, true)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
