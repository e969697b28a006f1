import { FormData } from 'undici'
import { z } from 'zod'
import type { Line } from '../upstream/post.ts'
import { postJson } from './post-json.ts'

/** Both shapes: plain, and verbose with what the model made of each segment. @source OpenAI API reference, "Create transcription" */
const schema = z.object({
  text: z.string(),
  segments: z.array(z.object({ avg_logprob: z.number().nullish(), no_speech_prob: z.number().nullish() })).nullish(),
  usage: z
    .object({ input_tokens: z.number().int().min(0).nullish(), output_tokens: z.number().int().min(0).nullish() })
    .nullish(),
})

/** A transcript as the server gave it. */
export type ServedTranscript = z.output<typeof schema>

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
export function transcribe(
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
  return postJson(line, { path: '/audio/transcriptions', body, form: true, signal }, schema, timeoutMs)
}
