import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { withoutFence } from './fences.ts'

/** Longer answers are no JSON that anybody asked for. */
const mostCharacters = 1024 * 1024
/** Schemas come from the configuration: more than these are hardly in use at once. */
const mostCompiled = 64

const compiled = new Map<string, ValidateFunction>()

const longestFault = 300

/**
 * What keeps an answer from being JSON of a schema; `undefined` where nothing does. Its time is not bounded by the
 * length of the answer: run it where it can be stopped.
 */
export function schemaFaultOf(answer: string, schema: Readonly<Record<string, unknown>>): string | undefined {
  const text = withoutFence(answer)
  if (text.length > mostCharacters) return 'it is too long'
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return `it is no JSON: ${error instanceof Error ? error.message : ''}`.slice(0, longestFault)
  }
  const validator = validatorOf(schema)
  if (validator(value)) return undefined
  const [first] = validator.errors ?? []
  return `${first?.instancePath || 'the whole'} ${first?.message ?? 'is not of the schema'}`.slice(0, longestFault)
}

/** Whether an answer is JSON of a schema, as {@link schemaFaultOf} finds. */
export function isOfSchema(answer: string, schema: Readonly<Record<string, unknown>>): boolean {
  return schemaFaultOf(answer, schema) === undefined
}

function validatorOf(schema: Readonly<Record<string, unknown>>): ValidateFunction {
  const key = JSON.stringify(schema)
  const found = compiled.get(key)
  if (found !== undefined) return found
  if (compiled.size >= mostCompiled) compiled.clear()
  const validator = new Ajv2020({ strict: false, logger: false }).compile(schema)
  compiled.set(key, validator)
  return validator
}
