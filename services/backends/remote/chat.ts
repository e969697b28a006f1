import { optionsFor } from '#services/contract/options-for'
import type { Usage } from '#services/contract/price'
import { callDeltaLines, type ToolCallDelta } from '#services/contract/answer'
import type { Backend, RunControl } from '../backend.ts'
import { promptOf, samplingOf, shownParts } from './prompt.ts'
import { isReal, type ChatDialect, type ChatPiece } from './wire/chat-piece.ts'
import { finishAnswer, type Answered } from './wire/finish-answer.ts'
import { createGathered, gather, type Gathered } from './wire/gathered.ts'
import { streamChat } from './wire/stream-chat.ts'
import { UpstreamError, type UpstreamFault } from './wire/upstream-error.ts'
import { createThinkSplitter, type Split } from '../answers/think-tags.ts'
import { interpretGeneration } from '../answers/generation.ts'
import { holdToToolChoice } from '../answers/required-call.ts'
import { resolveUsage } from './wire/usage-counts.ts'
import { billedUsage, type Billed } from './reported-usage.ts'
import type { Outcome, Work } from '#services/backends/work'
import { silentMeter, type UpstreamMeter } from './upstream-meter.ts'
import type { BackendDependencies } from '../backend-dependencies.ts'
import { abandoned } from '../end-leg.ts'
import { failedCall } from './failed-call.ts'
import type { Served } from './served.ts'

/** What a chat is made with. */
export interface ChatParts {
  readonly served: Served
  readonly dialect: ChatDialect
  /** Writes a leg as the protocol wants it, for the served model of that name. */
  readonly encode: (work: Work, model: string) => object
  /** Whether the server was asked for log-probabilities. */
  readonly logprobs: boolean
  readonly dependencies: BackendDependencies
}

/** Asks a chat server. Nothing of a refused request is billed; of a broken answer, what had come. */
async function runChat(work: Work, control: RunControl, parts: ChatParts): Promise<Outcome> {
  const { served, dependencies } = parts
  const { clock, logger, meter = silentMeter } = dependencies
  const signal = control.signal(work.legId)
  const startedAt = performance.now()
  const { gathered, answer, failure } = await receive(work, control, parts)
  const computeMs = Math.ceil(performance.now() - startedAt)
  const { usage, oddities } = isUnused(gathered, failure) ? unused : billed(work, gathered, computeMs)
  const model = dependencies.name ?? served.modelFor(work)
  measure(meter, model, gathered, { usage, startedAt })
  if (signal.aborted) return abandoned(work, clock, gathered.pieces === 0 ? {} : usage)
  if (failure !== undefined) return failedCall(work, failure, usage, logger)
  if (answer === undefined) throw new Error('a call ended with neither answer nor failure')
  // Fields that a broken-off answer lacks are not odd.
  for (const oddity of oddities) meter.oddity(model, oddity)
  const reasoning = answer.reasoning.map(one => ({ ...one, model: work.model }))
  const { logprobs, ending: finishReason = '' } = gathered
  const result = interpretGeneration({ ...answer, reasoning, logprobs, finishReason }, usage)
  return { kind: 'done', result: holdToToolChoice(result, work.options) }
}

/** The end of an empty answer that still used the server. */
const wordless: ReadonlySet<UpstreamFault> = new Set(['no-answer', 'content-filter', 'model-refused'])

/**
 * A server that failed before its answer began is owed nothing, except where it ended an answer without a word and
 * says what that took.
 */
function isUnused({ pieces, usage }: Gathered, failure: UpstreamError | undefined): boolean {
  if (failure === undefined || pieces > 0) return false
  return usage === undefined || !wordless.has(failure.fault)
}

/** One call a leg, as many at once as the pool has slots: in a batch, each would wait for the slowest. */
export function chatBackend(parts: ChatParts): Backend {
  return {
    maxBatch: 1,
    concurrent: true,
    run: (batch, control) => Promise.all(batch.map(work => runChat(work, control, parts))),
    engineQueue: () => parts.served.engineQueue(),
    close: () => parts.served.close(),
  }
}

interface Received {
  readonly gathered: Gathered
  readonly answer?: Answered
  readonly failure?: UpstreamError
}

async function receive(
  work: Work,
  control: RunControl,
  { served, dialect, encode, logprobs }: ChatParts,
): Promise<Received> {
  const signal = control.signal(work.legId)
  const model = served.modelFor(work)
  const request = encode({ ...work, options: optionsFor(work.recipe, work.options) }, model)
  const tools = (work.options.tools ?? []).map(tool => tool.name)
  let gathered = createGathered(tools)
  try {
    const answer = await served.attempt(work, signal, async (line, firstPiece) => {
      // Of an attempt that failed before the answer began, nothing stays.
      gathered = createGathered(tools)
      const order = { line, dialect, model, request, times: served.times, signal }
      const splitter = createThinkSplitter()
      const take = async (piece: ChatPiece): Promise<void> => {
        if (gathered.pieces === 0 && isReal(piece)) firstPiece()
        gather(gathered, piece, performance.now())
        // The body is not read on while the caller is behind, so the server is held back by the connection itself.
        if (work.streaming) await sendPiece(work.legId, piece, gathered.toolCalls.show(), control)
      }
      for await (const pieces of streamChat(order)) {
        for (const piece of pieces) await take(withSplit(piece, splitter.take(piece.text)))
      }
      const rest = splitter.finish()
      if (rest.text + rest.reasoning !== '') await take(withSplit({ text: '', logprobs: [] }, rest))
      const finished = finishAnswer(gathered)
      if (logprobs && finished.text !== '' && gathered.logprobs.length === 0) gathered.oddities.add('logprobs-missing')
      return finished
    })
    return { gathered, answer }
  } catch (error) {
    if (error instanceof UpstreamError) return { gathered, failure: error }
    if (signal.aborted) return { gathered }
    throw error
  }
}

/** Separates reasoning between tags from text, where the server does not. */
function withSplit(piece: ChatPiece, { text, reasoning }: Split): ChatPiece {
  if (reasoning === '') return { ...piece, text }
  return { ...piece, text, thinks: true, reasoning: [...(piece.reasoning ?? []), { block: 'tags', text: reasoning }] }
}

async function sendPiece(
  legId: Work['legId'],
  { text, reasoning = [] }: ChatPiece,
  calls: readonly ToolCallDelta[],
  control: RunControl,
): Promise<void> {
  const thought = reasoning.map(one => one.text ?? '').join('')
  if (thought !== '') await control.onDelta(legId, thought, 'reasoning')
  if (text !== '') await control.onDelta(legId, text)
  if (calls.length > 0) await control.onDelta(legId, callDeltaLines(calls), 'tool-calls')
}

const unused: Billed = { usage: {}, oddities: [] }

function billed(work: Work, { usage: counts, text, toolCalls, oddities }: Gathered, computeMs: number): Billed {
  const tools = (work.options.tools ?? []).map(({ description = '', parametersJson }) => description + parametersJson)
  const written = text + toolCalls.written
  const reported = resolveUsage(counts)
  const { usage, oddities: found } = billedUsage(reported, {
    parts: [...tools.map(described => ({ kind: 'text', text: described }) as const), ...shownParts(promptOf(work))],
    text: written,
    maxOutputTokens: samplingOf(work).maxOutputTokens,
    computeMs,
  })
  return { usage, oddities: [...new Set([...oddities, ...reported.oddities, ...found])] }
}

/** What a call took, and when it began. */
interface CallFigures {
  readonly usage: Usage
  readonly startedAt: number
}

function measure(meter: UpstreamMeter, model: string, gathered: Gathered, { usage, startedAt }: CallFigures): void {
  const { inputTokens: input = 0, outputTokens: output = 0, estimated = false } = usage
  const { cachedTokens: cached = 0, cacheWriteTokens: cacheWritten = 0, reasoningTokens: reasoning = 0 } = usage
  if (gathered.pieces > 0) meter.firstPiece(model, gathered.firstAt - startedAt)
  if (output > 1) meter.tokenTime(model, (gathered.lastAt - gathered.firstAt) / (output - 1))
  const counts = { input, output, cached, cacheWritten, reasoning }
  if (Object.values(counts).some(count => count > 0)) meter.tokens(model, { ...counts, estimated })
}
