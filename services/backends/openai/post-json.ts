import type { z } from 'zod'
import { parseJson, readAs } from '../remote/wire/parse-event.ts'
import { codeOf, named, post, type Line, type Posted } from '../remote/wire/post.ts'
import { readRefusal, refusalOf } from '../remote/errors/read-refusal.ts'
import { errorIn, readServerWords } from '#services/platform/http/server-words'
import { UpstreamError } from '../remote/wire/upstream-error.ts'
import { within } from '../remote/wire/within.ts'

/** No answer of these is near this long; a picture of the most bytes takes a third of it. */
const mostBytes = 64 * 1024 * 1024

/** Posts and reads the whole answer as JSON of a shape. @throws UpstreamError */
export async function postJson<Schema extends z.ZodType>(
  line: Line,
  posted: Posted,
  schema: Schema,
  timeoutMs: number,
): Promise<z.output<Schema>> {
  const stop = new AbortController()
  const signal = AbortSignal.any([posted.signal, stop.signal])
  try {
    return await within(timeoutMs, 'the server did not answer in time', ask(line, { ...posted, signal }, schema))
  } catch (error) {
    if (posted.signal.aborted || error instanceof UpstreamError) throw error
    throw new UpstreamError('reset', `the connection to the server broke${named(codeOf(error))}`)
  } finally {
    stop.abort()
  }
}

async function ask<Schema extends z.ZodType>(line: Line, posted: Posted, schema: Schema): Promise<z.output<Schema>> {
  const response = await post(line, posted)
  if (response.status !== 200) throw await readRefusal(response, line.redact)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.byteLength
    if (bytes > mostBytes) throw new UpstreamError('malformed', 'the answer has no end')
    chunks.push(chunk)
  }
  const value = parseJson(Buffer.concat(chunks).toString())
  const error = errorIn(value)
  if (error !== undefined)
    throw refusalOf(readServerWords(error), { summary: 'answered with an error', redact: line.redact })
  return readAs(schema, value)
}
