import type { Caveat, LegResult, TextOutput } from '#services/contract/answer'
import type { ResponseFormat } from '#services/contract/content'
import type { RunControl } from '#services/backends/backend'
import type { Sandboxes } from '#services/worker/sandbox/sandboxes'
import { withoutFence } from '#services/worker/sandbox/fences'
import type { Work } from '#services/backends/work'
import { check } from './check.ts'

/** What the caller cannot use is as good as no answer. */
const misshapen: Readonly<Record<ResponseFormat['kind'], Caveat>> = {
  'json-object': { note: 'the answer is no JSON object', mostConfidence: 0 },
  'json-schema': { note: 'the answer is no JSON of the schema', mostConfidence: 0 },
}
const unchecked: Caveat = { note: 'the shape of the answer could not be checked', mostConfidence: 0.5 }

/** What is told of a check that said nothing. */
const noWords = 'it is not of the schema'

/** A result, and what its shape lacks. */
export interface Shaped {
  readonly result: LegResult
  readonly fault?: string
}

/**
 * Holds an answer to the shape that its caller asked for, whatever the server promised: one of another shape says so
 * (`schema_valid`), is not trusted at all, and is passed over. Calls of tools are no answer yet. A fence around JSON
 * goes, unless the caller has seen it.
 */
export async function checkShape(
  result: LegResult,
  work: Work,
  control: RunControl,
  sandboxes: Pick<Sandboxes, 'check'>,
): Promise<Shaped> {
  const { responseFormat } = work.options
  const { output } = result
  if (responseFormat === undefined || output.kind !== 'text' || output.toolCalls !== undefined) return { result }
  const schema = schemaOf(responseFormat)
  const order = { kind: 'schema', schema, answer: output.text } as const
  try {
    const { passed = false, fault } = await check(order, work, control, sandboxes)
    const signals = { ...result.signals, schema_valid: Number(passed) }
    if (passed) return { result: { ...result, signals, output: work.streaming ? output : plain(output) } }
    return { result: withCaveat({ ...result, signals }, misshapen[responseFormat.kind]), fault: fault ?? noWords }
  } catch {
    // The check could not run.
    return { result: withCaveat(result, unchecked) }
  }
}

function withCaveat(result: LegResult, caveat: Caveat): LegResult {
  return { ...result, caveats: [...(result.caveats ?? []), caveat] }
}

function plain(output: TextOutput): TextOutput {
  return { ...output, text: withoutFence(output.text) }
}

/** The draft that a schema names is left out: validators know theirs, and fetch no others. */
function schemaOf(format: ResponseFormat): Readonly<Record<string, unknown>> {
  if (format.kind === 'json-object') return { type: 'object' }
  const { $schema: _draft, ...schema } = JSON.parse(format.schemaJson) as Record<string, unknown>
  return schema
}
