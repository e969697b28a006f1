import type { Usage } from '#services/contract/price'
import type { Backend, RunControl } from '../backend.ts'
import { promptOf, samplingOf } from './prompt.ts'
import type { ChatDialect } from './wire/chat-piece.ts'
import { createGathered, gather, toolCallsOf, type Gathered } from './wire/gathered.ts'
import { streamChat } from './wire/stream-chat.ts'
import { legFailureOf, UpstreamError } from './wire/upstream-error.ts'
import { interpretGeneration } from '../answers/generation.ts'
import { resolveUsage } from './wire/usage-counts.ts'
import { billedUsage, type Billed } from './reported-usage.ts'
import type { Outcome, Work } from '#services/worker/states'
import { silentMeter, type UpstreamMeter } from './upstream-meter.ts'
import type { BackendDependencies } from '../backend-dependencies.ts'
import { abandoned } from '../end-leg.ts'
import type { Served } from './served.ts'

/** What a chat is made with. */
export interface ChatParts {
  readonly served: Served
  readonly dialect: ChatDialect
  /** Writes a leg as the protocol wants it, for the served model of that name. */
  readonly encode: (work: Work, model: string) => object
  readonly dependencies: BackendDependencies
}

/** Asks a chat server. Nothing of a refused request is billed; of a broken answer, what had come. */
async function runChat(work: Work, control: RunControl, parts: ChatParts): Promise<Outcome> {
  const { served, dependencies } = parts
  const { clock, meter = silentMeter } = dependencies
  const signal = control.signal(work.legId)
  const gathered = createGathered()
  const startedAt = performance.now()
  const failure = await receive(work, control, parts, gathered)
  const computeMs = Math.ceil(performance.now() - startedAt)
  const { usage, oddities } =
    gathered.pieces === 0 && failure !== undefined ? unused : billed(work, gathered, computeMs)
  tell(meter, dependencies.name ?? served.modelFor(work), gathered, usage, startedAt)
  if (signal.aborted) return abandoned(work, clock, gathered.pieces === 0 ? {} : usage)
  if (failure !== undefined) {
    return { kind: 'failed', reason: legFailureOf(failure.fault), message: failure.message, usage }
  }
  // What an answer that broke off did not say is not odd, so only whole ones are looked at.
  for (const oddity of oddities) meter.oddity(dependencies.name ?? served.modelFor(work), oddity)
  return outcomeOf(gathered, usage)
}

function outcomeOf(gathered: Gathered, usage: Usage): Outcome {
  const isRefused = gathered.refusal !== '' && gathered.text === ''
  if (gathered.finishReason === 'content_filter' || isRefused) {
    return { kind: 'failed', reason: 'content-filter', message: 'the server refused the content', usage }
  }
  const toolCalls = toolCallsOf(gathered)
  return { kind: 'done', result: interpretGeneration({ ...gathered, toolCalls }, usage) }
}

/** One call a leg, as many at once as the pool has lanes: in a batch, each would wait for the slowest. */
export function chatBackend(parts: ChatParts): Backend {
  return {
    maxBatch: 1,
    concurrent: true,
    run: (batch, control) => Promise.all(batch.map(work => runChat(work, control, parts))),
    engineQueue: () => parts.served.engineQueue(),
    close: () => parts.served.close(),
  }
}

async function receive(
  work: Work,
  control: RunControl,
  { served, dialect, encode }: ChatParts,
  gathered: Gathered,
): Promise<UpstreamError | undefined> {
  const signal = control.signal(work.legId)
  const model = served.modelFor(work)
  const request = encode(work, model)
  try {
    await served.attempt(work, signal, async (line, firstPiece) => {
      const order = { line, dialect, model, request, times: served.times, signal }
      for await (const piece of streamChat(order)) {
        if (gathered.pieces === 0) firstPiece()
        gather(gathered, piece, performance.now())
        // The body is not read on while the caller is behind, so the server is held back by the connection itself.
        if (work.streaming && piece.text !== '') await control.onDelta(work.legId, piece.text)
      }
    })
    return undefined
  } catch (error) {
    if (error instanceof UpstreamError) return error
    if (signal.aborted) return undefined
    throw error
  }
}

const unused: Billed = { usage: {}, oddities: [] }

function billed(work: Work, { usage: counts, text, toolCalls, oddities }: Gathered, computeMs: number): Billed {
  const { system, examples, parts } = promptOf(work)
  const tools = (work.options.tools ?? []).map(({ description = '', parametersJson }) => description + parametersJson)
  const words = [system ?? '', ...examples.flatMap(({ input, output }) => [input, output]), ...tools]
  const written = text + toolCalls.map(call => call?.argumentsJson ?? '').join('')
  const reported = resolveUsage(counts)
  const { usage, oddities: found } = billedUsage(reported, {
    parts: [...words.map(word => ({ kind: 'text', text: word }) as const), ...parts],
    text: written,
    maxOutputTokens: samplingOf(work).maxOutputTokens,
    computeMs,
  })
  return { usage, oddities: [...new Set([...oddities, ...reported.oddities, ...found])] }
}

function tell(meter: UpstreamMeter, model: string, gathered: Gathered, usage: Usage, startedAt: number): void {
  if (gathered.pieces === 0) return
  const { inputTokens: input = 0, outputTokens: output = 0, estimated = false } = usage
  meter.firstPiece(model, gathered.firstAt - startedAt)
  if (output > 1) meter.tokenTime(model, (gathered.lastAt - gathered.firstAt) / (output - 1))
  meter.tokens(model, { input, output, estimated })
}
