import type { Logger } from 'pino'
import type { LegResult, TimedText, TranscriptSegment } from '#services/contract/answer'
import { isWords, type TimestampGranularity } from '#services/contract/content'
import type { RunControl } from '../backend.ts'
import { promptOf } from './prompt.ts'
import { draw } from '../openai/draw.ts'
import { embed } from '../openai/embed.ts'
import { transcribe, type ServedTranscript, type ServedWord } from '../openai/transcribe.ts'
import type { Line } from './wire/post.ts'
import { UpstreamError } from './wire/upstream-error.ts'
import type { Billed } from './reported-usage.ts'
import type { Oddity } from '#services/backends/oddity'
import type { Outcome, Work } from '#services/backends/work'
import { abandoned, badInput } from '../end-leg.ts'
import { failedCall } from './failed-call.ts'
import type { Served } from './served.ts'
import { drawingUsage, embeddingUsage, transcriptUsage } from './whole-usage.ts'

/** What answers that come whole are made with. */
export interface WholeParts {
  readonly served: Served
  readonly space: string
  /** Whether transcriptions are asked for with their segments. */
  readonly verbose: boolean
  /** Whether pictures are asked for in base64 by name. */
  readonly asksBase64: boolean
  readonly now: () => number
  /** Told of what was odd about an answer that was taken. */
  readonly odd: (work: Work, oddity: Oddity) => void
  readonly logger: Logger
}

/** What came of an answer, and what was odd about it. */
type Read = Omit<LegResult, 'usage'> & Billed

type Ask = (line: Line, work: Work, signal: AbortSignal) => Promise<Read>

/** Asks for a vector. */
export function runEmbedding(work: Work, control: RunControl, parts: WholeParts): Promise<Outcome> {
  const input = work.parts.flatMap(part => (part.kind === 'text' ? [part.text] : [])).join('\n')
  return runWhole(work, control, parts, async (line, one, signal) => {
    const asked = { model: parts.served.modelFor(one), input }
    const { values, counts } = await embed(line, asked, { signal, timeoutMs: parts.served.times.totalTimeoutMs })
    const output = { kind: 'embedding', values, space: parts.space } as const
    return { output, rawConfidence: 1, signals: {}, ...embeddingUsage(counts, input) }
  })
}

/** Asks for a transcript. */
export function runTranscription(work: Work, control: RunControl, parts: WholeParts): Promise<Outcome> {
  const audio = work.parts.find(part => part.kind === 'audio')
  if (audio === undefined || isWords(audio)) return Promise.resolve(badInput('there is no audio', {}))
  const { bytes, mediaType } = audio
  return runWhole(work, control, parts, async (line, one, signal) => {
    const { verbose, served } = parts
    const { language, timestamps } = one.options
    const order = { model: served.modelFor(one), bytes, mediaType, language, verbose, timestamps }
    const transcript = await transcribe(line, order, { signal, timeoutMs: served.times.totalTimeoutMs })
    return transcriptResult(transcript, bytes, timestamps)
  })
}

/** Servers without segments return no confidence. */
const unknown = 0.5

function transcriptResult(
  served: ServedTranscript,
  bytes: Uint8Array,
  timestamps: TimestampGranularity | undefined,
): Read {
  const { text, segments, counts } = served
  const billed = transcriptUsage(counts, text, bytes)
  const logprobs = segments.flatMap(segment => segment.meanLogprob ?? [])
  const silence = segments.reduce((most, segment) => Math.max(most, segment.silence ?? 0), 0)
  const meanLogprob = logprobs.reduce((sum, logprob) => sum + logprob, 0) / Math.max(1, logprobs.length)
  return {
    output: {
      kind: 'text',
      text: text.trim(),
      ...(timestamps !== undefined && {
        segments: timedSegments(served, timestamps === 'word', billed.usage.audioMs ?? 0),
      }),
    },
    rawConfidence: logprobs.length === 0 ? unknown : Math.exp(meanLogprob) * (1 - silence),
    signals: { mean_logprob: meanLogprob, no_speech: silence, has_logprobs: Number(logprobs.length > 0) },
    ...billed,
  }
}

/** Without times of segments, the whole is one segment. */
function timedSegments(
  { text, segments, words }: ServedTranscript,
  withWords: boolean,
  audioMs: number,
): readonly TranscriptSegment[] {
  const found = segments.flatMap(({ text: segmentText, start, end }): TranscriptSegment[] => {
    if (start === undefined || end === undefined) return []
    const within = withWords ? words.filter(word => word.start >= start && word.start < end) : []
    const whole = timed({ text: segmentText.trim(), start, end })
    return [{ ...whole, ...(within.length > 0 && { words: within.map(timed) }) }]
  })
  if (found.length > 0 || text.trim() === '') return found
  return [{ text: text.trim(), startMs: 0, endMs: audioMs }]
}

function timed({ text, start, end }: ServedWord): TimedText {
  return { text, startMs: Math.round(start * 1000), endMs: Math.round(end * 1000) }
}

/** Asks for a picture. Nothing judges one, so it is trusted as vectors are. */
export function runDrawing(work: Work, control: RunControl, parts: WholeParts): Promise<Outcome> {
  const prompt = promptOf(work)
    .turns.flatMap(({ parts: segmentText }) => segmentText)
    .flatMap(part => (part.kind === 'text' ? [part.text] : []))
    .join('\n')
  return runWhole(work, control, parts, async (line, one, signal) => {
    const { served, asksBase64 } = parts
    const { size, quality } = one.options
    const order = { model: served.modelFor(one), prompt, size, quality, asksBase64 }
    const { bytes, mediaType, counts } = await draw(line, order, { signal, timeoutMs: served.times.totalTimeoutMs })
    return {
      output: { kind: 'image', mediaType, source: { kind: 'bytes', bytes } },
      rawConfidence: 1,
      signals: {},
      ...drawingUsage(counts, prompt),
    }
  })
}

async function runWhole(
  work: Work,
  control: RunControl,
  { served, now, odd, logger }: WholeParts,
  ask: Ask,
): Promise<Outcome> {
  const signal = control.signal(work.legId)
  const startedAt = performance.now()
  try {
    const { oddities, ...result } = await served.attempt(work, signal, async (line, firstPiece) => {
      const answer = await ask(line, work, signal)
      firstPiece()
      return answer
    })
    for (const oddity of oddities) odd(work, oddity)
    const computeMs = Math.ceil(performance.now() - startedAt)
    return { kind: 'done', result: { ...result, usage: { ...result.usage, computeMs } } }
  } catch (error) {
    if (signal.aborted) return abandoned(work, { now }, {})
    if (!(error instanceof UpstreamError)) throw error
    return failedCall(work, error, {}, logger)
  }
}
