import { z } from 'zod'
import type { TimedText } from '#services/contract/answer'
import { timestampGranularities, type TimestampGranularity } from '#services/contract/content'
import { invalidField } from '#services/contract/errors'
import { reportOf } from '../answer-report.ts'
import { incomingOf, infer, type Answered, type InferDependencies } from '../infer.ts'
import { maybe, only, readBody } from '../read-body.ts'
import { present } from '../request-headers.ts'
import type { HttpCall, Route } from '../serve-route.ts'
import { textOf } from '../stream-answer.ts'
import { readForm } from './read-form.ts'
import { subtitlesOf } from './subtitles.ts'

const formats = ['json', 'text', 'verbose_json', 'srt', 'vtt'] as const

const granularity = z.enum(timestampGranularities)

/** @source OpenAI API reference, "Create transcription": the fields of the form beside its file */
const transcriptionSchema = z.strictObject({
  model: z.string().min(1),
  language: maybe(z.string()),
  response_format: maybe(z.enum(formats)),
  temperature: only('0'),
  stream: only('false'),
  'timestamp_granularities[]': maybe(z.union([granularity, z.array(granularity)])),
})

/** What a form of sound is read with. */
export interface TranscriptionOptions {
  readonly bodyBytes: number
}

/** `POST /v1/audio/transcriptions` */
export function createTranscriptionsRoute({ bodyBytes }: TranscriptionOptions, dependencies: InferDependencies): Route {
  return {
    method: 'POST',
    path: '/v1/audio/transcriptions',
    rpc: 'Infer',
    scope: 'infer',
    dialect: 'openai',
    summary: 'Speech written down',
    body: transcriptionSchema,
    form: true,
    async answer(_body, call) {
      const { fields, file } = await readForm(call.request, bodyBytes)
      const form = readBody(transcriptionSchema, fields)
      if (file === undefined || file.bytes.byteLength === 0) throw invalidField('file', 'expected a recording')
      const asked = {
        task: 'transcribe' as const,
        model: form.model,
        parts: [{ kind: 'audio' as const, source: { kind: 'bytes' as const, bytes: file.bytes } }],
        options: { ...present('language', form.language), ...timesOf(form) },
      }
      const answered = await infer(incomingOf(asked, call, dependencies), call, dependencies)
      return written(answered, { format: form.response_format ?? 'json', language: form.language ?? '' }, call)
    },
  }
}

/** What of the transcript gets times, by the format that shows them. */
function timesOf(form: z.infer<typeof transcriptionSchema>): { readonly timestamps?: TimestampGranularity } {
  const { response_format: format, 'timestamp_granularities[]': granularities } = form
  const wanted = [granularities ?? []].flat()
  if (wanted.length > 0 && format !== 'verbose_json') {
    throw invalidField('timestamp_granularities[]', 'expected response_format verbose_json with it')
  }
  if (!format || format === 'json' || format === 'text') return {}
  return { timestamps: wanted.includes('word') ? 'word' : 'segment' }
}

interface Wanted {
  readonly format: (typeof formats)[number]
  readonly language: string
}

function written({ requestId, answer }: Answered, { format, language }: Wanted, call: HttpCall): object | string {
  const { text, segments = [] } = textOf(answer)
  const sluice = reportOf(requestId, answer)
  const seconds = (answer.usage.audioMs ?? 0) / 1000
  const usage = { type: 'duration', seconds: Math.ceil(seconds) }
  if (format === 'json') return { text, usage, sluice }
  if (format === 'verbose_json') {
    const words = segments.flatMap(segment => segment.words ?? []).map(secondsOf)
    return {
      task: 'transcribe',
      language,
      duration: seconds,
      text,
      segments: segments.map((segment, id) => {
        const { text: segmentText, times } = secondsOf(segment)
        return { id, seek: 0, ...times, text: segmentText, tokens: [], temperature: 0 }
      }),
      ...(words.length > 0 && { words: words.map(({ text: word, times }) => ({ word, ...times })) }),
      usage,
      sluice,
    }
  }
  call.reply.type(format === 'vtt' ? 'text/vtt; charset=utf-8' : 'text/plain; charset=utf-8')
  return format === 'text' ? `${text}\n` : subtitlesOf(format, segments)
}

function secondsOf({ text, startMs, endMs }: TimedText) {
  return { text, times: { start: startMs / 1000, end: endMs / 1000 } }
}
