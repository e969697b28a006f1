import type { z } from 'zod'
import { UpstreamError } from './upstream-error.ts'

/** Reads JSON against a schema. @throws UpstreamError `malformed` whose text holds nothing of it */
export function parseEvent<Schema extends z.ZodType>(schema: Schema, data: string): z.output<Schema> {
  const read = schema.safeParse(parse(data))
  if (read.success) return read.data
  throw new UpstreamError('malformed', 'what the server sent is not what its protocol says')
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    throw new UpstreamError('malformed', 'what the server sent is no JSON')
  }
}
