import { isGatewayError } from '#services/contract/errors'
import type { Span, SpanStart, Tracer } from './tracer.ts'

/** Does a piece of work in a span of its own, which ends with it; a failure is named by its code. */
export async function withSpan<Result>(
  tracer: Tracer,
  name: string,
  start: SpanStart,
  work: (span: Span) => Promise<Result>,
): Promise<Result> {
  const span = tracer.start(name, start)
  try {
    return await work(span)
  } catch (error) {
    span.fail(failureOf(error))
    throw error
  } finally {
    span.end()
  }
}

/** The word for a failure: a code of the family, or that it is a bug; never its text. */
export function failureOf(thrown: unknown): string {
  return isGatewayError(thrown) ? thrown.code : 'bug'
}
