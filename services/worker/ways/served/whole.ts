import type { LegResult } from '../../../shared/contract/answer.ts'
import type { Usage } from '../../../shared/contract/price.ts'
import { isWords } from '../../../shared/contract/content.ts'
import type { RunControl } from '../../backend.ts'
import { promptOf } from '../../encode/prompt.ts'
import { draw, type ServedPicture } from '../../infer/openai/draw.ts'
import { embed } from '../../infer/openai/embed.ts'
import { transcribe, type ServedTranscript } from '../../infer/openai/transcribe.ts'
import type { Line } from '../../infer/upstream/post.ts'
import { legFailureOf, UpstreamError } from '../../infer/upstream/upstream-error.ts'
import type { Outcome, Work } from '../../states.ts'
import { abandoned, badInput } from '../end-leg.ts'
import type { Served } from './served.ts'

/** What answers that come whole are made with. */
export interface WholeParts {
  readonly served: Served
  readonly space: string
  /** Whether transcriptions are asked for with their segments. */
  readonly verbose: boolean
  /** Whether pictures are asked for in base64 by name. */
  readonly asksBase64: boolean
  readonly now: () => number
}

type Ask = (line: Line, work: Work, signal: AbortSignal) => Promise<LegResult>

/** Asks for a vector. */
export function runEmbedding(work: Work, control: RunControl, parts: WholeParts): Promise<Outcome> {
  const input = work.parts.flatMap(part => (part.kind === 'text' ? [part.text] : [])).join('\n')
  return runWhole(work, control, parts, async (line, one, signal) => {
    const asked = { model: parts.served.modelFor(one), input }
    const { values, inputTokens } = await embed(line, asked, { signal, timeoutMs: parts.served.times.totalTimeoutMs })
    const counted =
      inputTokens === undefined ? { inputTokens: Math.ceil(input.length / 4), estimated: true } : { inputTokens }
    return { output: { kind: 'embedding', values, space: parts.space }, rawConfidence: 1, signals: {}, usage: counted }
  })
}

/** Asks for a transcript. */
export function runTranscription(work: Work, control: RunControl, parts: WholeParts): Promise<Outcome> {
  const audio = work.parts.find(part => part.kind === 'audio')
  if (audio === undefined || isWords(audio)) return Promise.resolve(badInput('there is no audio', {}))
  const { bytes, mediaType } = audio
  return runWhole(work, control, parts, async (line, one, signal) => {
    const { verbose, served } = parts
    const order = { model: served.modelFor(one), bytes, mediaType, language: one.options.language, verbose }
    const transcript = await transcribe(line, order, { signal, timeoutMs: served.times.totalTimeoutMs })
    return transcriptResult(transcript, bytes)
  })
}

/** Servers that tell of no segments say nothing of their trust. */
const unknown = 0.5
/** WAV as it is admitted: 16 bits of one channel at 16 kHz unless the header says otherwise; only the price hangs on it. */
const bytesPerMs = 32

function transcriptResult({ text, segments, usage }: ServedTranscript, bytes: Uint8Array): LegResult {
  const logprobs = (segments ?? []).flatMap(segment => segment.avg_logprob ?? [])
  const silence = (segments ?? []).reduce((most, segment) => Math.max(most, segment.no_speech_prob ?? 0), 0)
  const meanLogprob = logprobs.reduce((sum, logprob) => sum + logprob, 0) / Math.max(1, logprobs.length)
  return {
    output: { kind: 'text', text: text.trim() },
    rawConfidence: logprobs.length === 0 ? unknown : Math.exp(meanLogprob) * (1 - silence),
    signals: { mean_logprob: meanLogprob, no_speech: silence, has_logprobs: Number(logprobs.length > 0) },
    usage: {
      audioMs: Math.round(bytes.byteLength / bytesPerMs),
      ...(usage?.input_tokens == null ? {} : { inputTokens: usage.input_tokens }),
      ...(usage?.output_tokens == null ? {} : { outputTokens: usage.output_tokens }),
    },
  }
}

/** Asks for a picture. Nothing judges one, so it is trusted as vectors are. */
export function runDrawing(work: Work, control: RunControl, parts: WholeParts): Promise<Outcome> {
  const prompt = promptOf(work)
    .parts.flatMap(part => (part.kind === 'text' ? [part.text] : []))
    .join('\n')
  return runWhole(work, control, parts, async (line, one, signal) => {
    const { served, asksBase64 } = parts
    const { size, quality } = one.options
    const order = { model: served.modelFor(one), prompt, size, quality, asksBase64 }
    const { bytes, mediaType, usage } = await draw(line, order, { signal, timeoutMs: served.times.totalTimeoutMs })
    return {
      output: { kind: 'image', mediaType, source: { kind: 'bytes', bytes } },
      rawConfidence: 1,
      signals: {},
      usage: { images: 1, ...tokensOf(usage, prompt) },
    }
  })
}

/** No server counts more than this for one picture, nor for words beyond one token a byte and a template. */
const mostDrawingTokens = 20_000
const spareTokens = 2048

function tokensOf(usage: ServedPicture['usage'], prompt: string): Usage {
  if (usage == null) return {}
  const inputTokens = usage.input_tokens ?? 0
  const outputTokens = usage.output_tokens ?? 0
  const isBelievable = inputTokens <= Buffer.byteLength(prompt) + spareTokens && outputTokens <= mostDrawingTokens
  // What cannot be believed is left out and marked; the picture itself is counted.
  return isBelievable ? { inputTokens, outputTokens } : { estimated: true }
}

async function runWhole(work: Work, control: RunControl, { served, now }: WholeParts, ask: Ask): Promise<Outcome> {
  const signal = control.signal(work.legId)
  const startedAt = performance.now()
  try {
    const result = await served.attempt(work, signal, async (line, firstPiece) => {
      const answer = await ask(line, work, signal)
      firstPiece()
      return answer
    })
    const computeMs = Math.ceil(performance.now() - startedAt)
    return { kind: 'done', result: { ...result, usage: { ...result.usage, computeMs } } }
  } catch (error) {
    if (signal.aborted) return abandoned(work, { now }, {})
    if (!(error instanceof UpstreamError)) throw error
    return { kind: 'failed', reason: legFailureOf(error.fault), message: error.message, usage: {} }
  }
}
