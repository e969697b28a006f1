import { z } from 'zod'
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

/** @source OpenAI API reference, "Create transcription": the fields of the form beside its file */
const transcriptionSchema = z.strictObject({
  model: z.string().min(1),
  language: maybe(z.string()),
  response_format: maybe(z.enum(formats)),
  temperature: only('0'),
  stream: only('false'),
  'timestamp_granularities[]': maybe(z.literal('segment', 'only segments have times here; words have none')),
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
        options: present('language', form.language),
      }
      const answered = await infer(incomingOf(asked, call, dependencies), call, dependencies)
      return written(answered, { format: form.response_format ?? 'json', language: form.language ?? '' }, call)
    },
  }
}

interface Wanted {
  readonly format: (typeof formats)[number]
  readonly language: string
}

function written({ requestId, answer }: Answered, { format, language }: Wanted, call: HttpCall): object | string {
  const { text } = textOf(answer)
  const sluice = reportOf(requestId, answer)
  const seconds = (answer.usage.audioMs ?? 0) / 1000
  if (format === 'json') return { text, usage: { type: 'duration', seconds: Math.ceil(seconds) }, sluice }
  if (format === 'verbose_json') {
    // No model gives times or a segment's own scores: the one segment is the whole, without what is not known.
    const segment = { id: 0, seek: 0, start: 0, end: seconds, text, tokens: [], temperature: 0 }
    return {
      task: 'transcribe',
      language,
      duration: seconds,
      text,
      segments: text === '' ? [] : [segment],
      usage: { type: 'duration', seconds: Math.ceil(seconds) },
      sluice,
    }
  }
  call.reply.type(format === 'vtt' ? 'text/vtt; charset=utf-8' : 'text/plain; charset=utf-8')
  return format === 'text' ? `${text}\n` : subtitlesOf(format, [{ startMs: 0, endMs: seconds * 1000, text }])
}
