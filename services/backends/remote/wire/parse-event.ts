import type { z } from 'zod'
import { UpstreamError } from './upstream-error.ts'

/** Reads JSON. @throws UpstreamError `malformed` whose text holds nothing of it */
export function parseJson(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    throw new UpstreamError('malformed', data.trimStart().startsWith('<') ? aPage : 'what the server sent is no JSON')
  }
}

const aPage = 'the server answered with a web page; is its address right?'

/** Holds a value to a schema. @throws UpstreamError `malformed` whose text holds nothing of it */
export function readAs<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const read = schema.safeParse(value)
  if (read.success) return read.data
  throw new UpstreamError('malformed', 'what the server sent is not what its protocol says')
}
