import { FormData } from 'undici'
import { z } from 'zod'
import type { TimestampGranularity } from '#services/contract/content'
import type { Line } from '../remote/wire/post.ts'
import { fieldsOf, readUsages } from '../remote/wire/read-usage.ts'
import type { UsageCounts } from '../remote/wire/usage-counts.ts'
import { postJson } from './post-json.ts'

/**
 * Both shapes: plain, and verbose with what the model made of each segment.
 * @source OpenAI API reference, "Create transcription"
 */
const schema = z.object({
  text: z.string(),
  segments: z.unknown().optional(),
  words: z.unknown().optional(),
  /** Seconds, as a number or a text. */
  duration: z.unknown().optional(),
  usage: z.unknown().optional(),
})

/** A transcript as the server gave it. */
export interface ServedTranscript {
  readonly text: string
  readonly segments: readonly ServedSegment[]
  readonly words: readonly ServedWord[]
  readonly counts: UsageCounts | undefined
}

/** A model's transcript of a segment, where the server returns segments. */
export interface ServedSegment {
  readonly text: string
  /** Seconds from the beginning, where the server reports them. */
  readonly start: number | undefined
  readonly end: number | undefined
  readonly meanLogprob: number | undefined
  readonly silence: number | undefined
}

/** A word with its times in seconds. */
export interface ServedWord {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** One recording to be written down. */
export interface TranscribeOrder {
  readonly model: string
  readonly bytes: Uint8Array
  readonly mediaType: string
  readonly language: string | undefined
  /** Whether the server can tell of segments, from which confidence follows. */
  readonly verbose: boolean
  readonly timestamps: TimestampGranularity | undefined
}

/** Asks an OpenAI-compatible server to write speech down. @throws UpstreamError */
export async function transcribe(
  line: Line,
  { model, bytes, mediaType, language, verbose, timestamps }: TranscribeOrder,
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<ServedTranscript> {
  const body = new FormData()
  const ending = mediaType === 'audio/mpeg' ? 'mp3' : (mediaType.split('/')[1] ?? 'wav')
  body.set('file', new Blob([bytes], { type: mediaType }), `audio.${ending}`)
  body.set('model', model)
  body.set('response_format', verbose ? 'verbose_json' : 'json')
  if (language !== undefined) body.set('language', language)
  if (timestamps === 'word') for (const of of ['segment', 'word']) body.append('timestamp_granularities[]', of)
  const posted = { path: '/audio/transcriptions', body, form: true, signal }
  const { text, segments, words, duration, usage } = await postJson(line, posted, schema, timeoutMs)
  const found: unknown[] = Array.isArray(segments) ? segments : []
  const spoken: unknown[] = Array.isArray(words) ? words : []
  return {
    text,
    segments: found.map(segmentOf),
    words: spoken.flatMap(wordOf),
    counts: readUsages({ seconds: duration }, usage),
  }
}

function segmentOf(segment: unknown): ServedSegment {
  const { avg_logprob: meanLogprob, no_speech_prob: silence, text, start, end } = fieldsOf(segment) ?? {}
  return {
    meanLogprob: finite(meanLogprob),
    silence: finite(silence),
    text: typeof text === 'string' ? text : '',
    start: finite(start),
    end: finite(end),
  }
}

function wordOf(word: unknown): ServedWord[] {
  const { word: text, start, end } = fieldsOf(word) ?? {}
  const [from, to] = [finite(start), finite(end)]
  return typeof text !== 'string' || from === undefined || to === undefined ? [] : [{ text, start: from, end: to }]
}

function finite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}
