import { z } from 'zod'
import { GatewayError } from '#services/contract/errors'

/**
 * Checks a body against its wire's schema.
 * @throws GatewayError InvalidRequest with every fault, each with its field; none repeats what was sent
 */
export function readBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const read = schema.safeParse(body)
  if (read.success) return read.data
  const violations = read.error.issues.flatMap(faultsOf)
  const [first] = violations
  throw new GatewayError('InvalidRequest', `${first?.field ?? 'body'}: ${first?.description ?? 'it cannot be read'}`, {
    stage: 'admit',
    violations,
  })
}

function faultsOf(issue: z.core.$ZodIssue): readonly { readonly field: string; readonly description: string }[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => ({
      field: pathOf([...issue.path, key]),
      description: 'it is not taken here; what it asks for cannot be promised',
    }))
  }
  const description = issue.code === 'invalid_union' ? 'expected another shape' : issue.message
  return [{ field: pathOf(issue.path), description }]
}

/** `messages[2].content` */
function pathOf(path: readonly PropertyKey[]): string {
  const text = path.map(step => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('')
  return text.replace(/^\./u, '') || 'body'
}

/** A field that may be `null` or absent alike, as both wires have it. */
export function maybe<Schema extends z.ZodType>(schema: Schema) {
  return schema.nullish()
}

/** A field that changes nothing of the answer, and is therefore taken and let go. */
export const ignored = z.unknown().optional()

/** A field that is taken at the value which asks for nothing special. */
export function only<const Value extends string | number | boolean>(value: Value) {
  return z.literal(value, `only ${String(value)} is taken here`).nullish()
}
