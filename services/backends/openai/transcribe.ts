import { FormData } from 'undici'
import { z } from 'zod'
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
  /** Seconds, as a number or a text. */
  duration: z.unknown().optional(),
  usage: z.unknown().optional(),
})

/** A transcript as the server gave it. */
export interface ServedTranscript {
  readonly text: string
  readonly segments: readonly ServedSegment[]
  readonly counts: UsageCounts | undefined
}

/** What a model made of a stretch of sound, where the server tells. */
export interface ServedSegment {
  readonly meanLogprob: number | undefined
  readonly silence: number | undefined
}

/** One recording to be written down. */
export interface TranscribeOrder {
  readonly model: string
  readonly bytes: Uint8Array
  readonly mediaType: string
  readonly language: string | undefined
  /** Whether the server can tell of segments, from which confidence follows. */
  readonly verbose: boolean
}

/** Asks an OpenAI-compatible server to write speech down. @throws UpstreamError */
export async function transcribe(
  line: Line,
  { model, bytes, mediaType, language, verbose }: TranscribeOrder,
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<ServedTranscript> {
  const body = new FormData()
  const ending = mediaType === 'audio/mpeg' ? 'mp3' : (mediaType.split('/')[1] ?? 'wav')
  body.set('file', new Blob([bytes], { type: mediaType }), `audio.${ending}`)
  body.set('model', model)
  body.set('response_format', verbose ? 'verbose_json' : 'json')
  if (language !== undefined) body.set('language', language)
  const posted = { path: '/audio/transcriptions', body, form: true, signal }
  const { text, segments, duration, usage } = await postJson(line, posted, schema, timeoutMs)
  const found: unknown[] = Array.isArray(segments) ? segments : []
  return { text, segments: found.map(segmentOf), counts: readUsages({ seconds: duration }, usage) }
}

function segmentOf(segment: unknown): ServedSegment {
  const { avg_logprob: meanLogprob, no_speech_prob: silence } = fieldsOf(segment) ?? {}
  return { meanLogprob: finite(meanLogprob), silence: finite(silence) }
}

function finite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}
