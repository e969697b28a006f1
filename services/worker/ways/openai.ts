import { setTimeout as sleep } from 'node:timers/promises'
import type { Usage } from '../../shared/contract/price.ts'
import type { Backend, RunControl } from '../backend.ts'
import { encodeChat, type ChatRequest } from '../encode/chat-request.ts'
import { createChatClient, type ChatClient, type ChatServer, type ChatUsage } from '../infer/openai/stream-chat.ts'
import { UpstreamError } from '../infer/openai/upstream-error.ts'
import { interpretGeneration, type Generated } from '../interpret/generation.ts'
import type { Outcome, Work } from '../states.ts'
import type { BackendDependencies } from './create-backend.ts'
import { abandoned } from './end-leg.ts'

/** A model behind a server that speaks OpenAI's protocol: vLLM, SGLang, llama.cpp, a provider. */
export interface OpenaiSpec extends ChatServer {
  readonly kind: 'openai'
  /** The server's name of the model. */
  readonly model: string
  readonly vision: boolean
  readonly logprobs: boolean
}

const mostAttempts = 3
const firstPauseMs = 100

/** What one call is made with. */
interface Line extends BackendDependencies {
  readonly spec: OpenaiSpec
  readonly client: ChatClient
}

/** Makes a backend that calls the server. Legs are called one by one, as many at once as the pool has lanes: in a batch, each would wait for the slowest. */
export function createOpenaiBackend(spec: OpenaiSpec, dependencies: BackendDependencies): Promise<Backend> {
  const client = createChatClient(spec)
  const line = { ...dependencies, spec, client }
  return Promise.resolve({
    maxBatch: 1,
    run: (batch, control) => Promise.all(batch.map(work => call(work, control, line))),
    close: () => client.close(),
  })
}

async function call(work: Work, control: RunControl, line: Line): Promise<Outcome> {
  const { spec, clock } = line
  if (!spec.vision && work.parts.some(part => part.kind === 'image')) {
    return { kind: 'failed', reason: 'bad-input', message: 'the model takes no images', usage: {} }
  }
  const request = encodeChat(work, spec.model, spec.logprobs)
  const startedAt = performance.now()
  const seen: Seen = { text: '', logprobs: [], finishReason: '', usage: undefined, pieces: 0 }
  const failure = await receiveWithin(work, request, control, line, seen)
  const refused = failure !== undefined && seen.pieces === 0
  const usage = refused ? {} : usageOf(work, seen, Math.ceil(performance.now() - startedAt))
  if (control.signal(work.legId).aborted) return abandoned(work, clock, usage)
  if (failure !== undefined) return failed(failure, usage)
  if (seen.finishReason === 'content_filter') {
    return { kind: 'failed', reason: 'content-filter', message: 'the server refused the content', usage }
  }
  return { kind: 'done', result: interpretGeneration(seen, usage) }
}

function failed({ reason, message }: UpstreamError, usage: Usage): Outcome {
  return { kind: 'failed', reason, message, usage }
}

/** Receives an answer, asking again while nothing of it has come, the fault may pass, and there is time; gives the fault that remains. */
async function receiveWithin(
  work: Work,
  request: ChatRequest,
  control: RunControl,
  { client, clock }: Line,
  seen: Seen,
): Promise<UpstreamError | undefined> {
  const signal = control.signal(work.legId)
  for (let attempt = 1; ; attempt += 1) {
    try {
      await receive(work, request, control, client, seen)
      return undefined
    } catch (error) {
      if (signal.aborted) return undefined
      if (!(error instanceof UpstreamError)) throw error
      const pauseMs = pauseBefore(attempt, error.retryAfterMs)
      if (!error.retryable || attempt >= mostAttempts || clock.now() + pauseMs >= work.deadlineAt) return error
      await sleep(pauseMs, undefined, { signal }).catch(() => {
        // The leg was called off.
      })
      if (signal.aborted) return error
    }
  }
}

/** Doubling, with jitter so that those who were refused together do not come back together. */
function pauseBefore(attempt: number, retryAfterMs: number | undefined): number {
  const stepMs = firstPauseMs * 2 ** (attempt - 1)
  return retryAfterMs === undefined ? stepMs * (0.5 + Math.random()) : retryAfterMs + firstPauseMs * Math.random()
}

interface Seen extends Generated {
  text: string
  pieces: number
  logprobs: number[]
  finishReason: string
  usage: ChatUsage | undefined
}

async function receive(
  work: Work,
  request: ChatRequest,
  control: RunControl,
  client: ChatClient,
  seen: Seen,
): Promise<void> {
  for await (const piece of client.stream(request, control.signal(work.legId), work.traceparent)) {
    seen.pieces += 1
    seen.text += piece.text
    seen.logprobs.push(...piece.logprobs)
    seen.finishReason = piece.finishReason ?? seen.finishReason
    seen.usage = piece.usage ?? seen.usage
    // The body is not read on while the caller is behind, so the server is held back by the connection itself.
    if (work.streaming && piece.text !== '') await control.onDelta(work.legId, piece.text)
  }
}

/** Characters of English to a token: what is billed where the server says nothing, and marked. */
const charactersPerToken = 4

function usageOf(work: Work, { usage, text }: Seen, computeMs: number): Usage {
  const images = work.parts.filter(part => part.kind === 'image').length
  const media = images === 0 ? {} : { images }
  if (usage === undefined) {
    const characters = work.parts.reduce((sum, part) => sum + (part.kind === 'text' ? part.text.length : 0), 0)
    const inputTokens = Math.ceil(characters / charactersPerToken)
    return {
      inputTokens,
      outputTokens: Math.ceil(text.length / charactersPerToken),
      ...media,
      computeMs,
      estimated: true,
    }
  }
  const cachedTokens = usage.prompt_tokens_details?.cached_tokens ?? 0
  const reasoningTokens = usage.completion_tokens_details?.reasoning_tokens ?? 0
  return {
    inputTokens: usage.prompt_tokens - cachedTokens,
    outputTokens: usage.completion_tokens - reasoningTokens,
    ...(cachedTokens === 0 ? {} : { cachedTokens }),
    ...(reasoningTokens === 0 ? {} : { reasoningTokens }),
    ...media,
    computeMs,
  }
}
