import { createParser } from 'eventsource-parser'
import type { ReadableStream, ReadableStreamDefaultReader } from 'node:stream/web'
import { Agent, fetch, type Response } from 'undici'
import { z } from 'zod'
import { readRefusal, UpstreamError } from './upstream-error.ts'

/** Where an OpenAI-compatible server is and how long it may keep us waiting. */
export interface ChatServer {
  /** Such as `http://127.0.0.1:8000/v1`. */
  readonly baseUrl: string
  readonly apiKey?: string
  /** To open a connection: a server that is gone should cost no more. */
  readonly connectTimeoutMs: number
  /** From the request to the first piece of the answer, whenever its head came. */
  readonly firstByteTimeoutMs: number
  readonly betweenChunksTimeoutMs: number
}

/** Chats with one server over connections of its own. */
export interface ChatClient {
  /**
   * Sends a chat and gives its pieces as they come; the next is read when the last was taken. Ending the loop, or the signal, closes
   * the connection at once. The server is told the trace context.
   * @throws UpstreamError for refusals, time-outs, chunks that cannot be read, and a stream that ends without `[DONE]`; worth another
   * try only while no piece has come
   */
  stream(request: object, signal: AbortSignal, traceparent?: string): AsyncGenerator<ChatPiece>
  /** Breaks off what is under way. */
  close(): Promise<void>
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

/** Makes the client of a server. */
export function createChatClient(server: ChatServer): ChatClient {
  const agent = new Agent({ connect: { timeout: server.connectTimeoutMs }, headersTimeout: 0, bodyTimeout: 0 })

  async function* stream(request: object, signal: AbortSignal, traceparent?: string): AsyncGenerator<ChatPiece> {
    const stop = new AbortController()
    const firstByAt = performance.now() + server.firstByteTimeoutMs
    let begun = false
    const leftMs = (): number => (begun ? server.betweenChunksTimeoutMs : firstByAt - performance.now())
    try {
      const response = await within(
        leftMs(),
        tooLate,
        post(server, request, AbortSignal.any([signal, stop.signal]), agent, traceparent),
      )
      if (!response.ok || response.body === null) throw await within(leftMs(), tooLate, readRefusal(response))
      for await (const piece of readPieces(response.body, leftMs)) {
        begun = true
        yield piece
      }
    } catch (error) {
      if (signal.aborted) throw error
      throw toUpstreamError(error, begun)
    } finally {
      stop.abort()
    }
  }

  return { stream, close: () => agent.destroy() }
}

const tooLate = 'the server did not answer in time'

/** What was begun is not asked for again: its first part may have gone to the caller, and has been computed. */
function toUpstreamError(error: unknown, begun: boolean): UpstreamError {
  if (!(error instanceof UpstreamError)) {
    return new UpstreamError('upstream-error', 'the connection to the server broke', !begun)
  }
  return begun ? new UpstreamError(error.reason, error.message, false) : error
}

function post(
  server: ChatServer,
  request: object,
  signal: AbortSignal,
  dispatcher: Agent,
  traceparent: string | undefined,
): Promise<Response> {
  const { baseUrl, apiKey } = server
  return fetch(`${baseUrl.replace(/\/$/u, '')}/chat/completions`, {
    method: 'POST',
    signal,
    dispatcher,
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(traceparent === undefined ? {} : { traceparent }),
      ...(apiKey === undefined || apiKey === '' ? {} : { authorization: `Bearer ${apiKey}` }),
    },
    body: JSON.stringify(request),
  })
}

/** No chunk of a chat is near this long; a stream that never ends its line must not fill the memory. */
const maxEventCharacters = 4 * 1024 * 1024

async function* readPieces(body: ReadableStream<Uint8Array>, leftMs: () => number): AsyncGenerator<ChatPiece> {
  const waiting: string[] = []
  const fault = { tooLong: false }
  const parser = createParser({
    onEvent: event => waiting.push(event.data),
    onError: error => {
      fault.tooLong ||= error.type === 'max-buffer-size-exceeded'
    },
    maxBufferSize: maxEventCharacters,
  })
  const decoder = new TextDecoder()
  const reader = body.getReader()
  for (;;) {
    const { done, value } = await within(leftMs(), 'the stream stalled', reader.read())
    if (done) break
    parser.feed(decoder.decode(value, { stream: true }))
    for (const data of waiting.splice(0)) {
      if (data.trim() === '[DONE]') return readEnd(reader)
      yield pieceOf(data)
    }
    if (fault.tooLong) throw new UpstreamError('upstream-error', 'an event of the stream has no end', false)
  }
  throw new UpstreamError('upstream-error', 'the stream ended without [DONE]', true)
}

/** What comes behind `[DONE]` is the end of the body, mostly in the same packet; a connection that was read to its end is used again. */
const endWaitMs = 50

async function readEnd(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  await within(endWaitMs, 'the body has no end', reader.read()).catch(() => {
    // The answer is whole; only the connection is not used again.
  })
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
