import { z } from 'zod'
import { GatewayError } from '#services/contract/errors'

/**
 * Checks a body against its wire's schema.
 * @throws GatewayError InvalidRequest with every fault, each with its field; none repeats what was sent
 */
export function readBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const read = schema.safeParse(withoutNulls(body))
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
  if (issue.code !== 'invalid_union') return [{ field: pathOf(issue.path), description: issue.message }]
  // The form that was meant is the one which most of the value fits.
  const [meant] = issue.errors
    .map(inner => inner.map(one => ({ ...one, path: [...issue.path, ...one.path] })))
    .map(inner => ({ inner, depth: Math.max(0, ...inner.map(deepest)) - issue.path.length }))
    .filter(({ inner, depth }) => depth > 1 || typeof inner[0]?.path[issue.path.length] === 'number')
    .toSorted((one, other) => other.depth - one.depth || one.inner.length - other.inner.length)
  if (meant !== undefined) return meant.inner.flatMap(faultsOf)
  const isKind = 'discriminator' in issue
  const unnamed = isKind ? 'it is of a kind that is not taken here' : 'expected another shape'
  return [{ field: pathOf(issue.path), description: issue.message === 'Invalid input' ? unnamed : issue.message }]
}

/** How far into a value the check of it came. */
function deepest(issue: z.core.$ZodIssue): number {
  if (issue.code !== 'invalid_union') return issue.path.length
  return issue.path.length + Math.max(0, ...issue.errors.flat().map(deepest))
}

/** A field that is `null` asks for nothing, whatever it is: some clients write out every field that they know. */
function withoutNulls(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body
  if (!Object.values(body).includes(null)) return body
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null))
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

/** A field without effect on the answer: it is accepted and ignored. */
export const ignored = z.unknown().optional()

/** A field that is taken at the value which asks for nothing special. */
export function only<const Value extends string | number | boolean>(value: Value) {
  return z.literal(value, `only ${String(value)} is taken here`).nullish()
}
