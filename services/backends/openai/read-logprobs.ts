import type { Oddity } from '#services/backends/oddity'
import { fieldsOf } from '../remote/wire/read-usage.ts'

/** Natural logarithms of the chances of tokens, in order. */
export interface ReadLogprobs {
  readonly values: readonly number[]
  readonly oddities: readonly Oddity[]
}

const none: ReadLogprobs = { values: [], oddities: [] }
const malformed: ReadLogprobs = { values: [], oddities: ['field-malformed'] }

/**
 * Reads the log-probabilities beside a text; those of the older completions protocol too. They are signs of trust
 * and no answer: what cannot be read is passed over.
 */
export function readLogprobs(logprobs: unknown): ReadLogprobs {
  if (logprobs === undefined || logprobs === null) return none
  const fields = fieldsOf(logprobs)
  if (fields === undefined) return malformed
  const { content, token_logprobs: older } = fields
  const tokens = content ?? older ?? []
  if (!Array.isArray(tokens)) return malformed
  const values = tokens.flatMap(token => {
    const value: unknown = typeof token === 'number' ? token : fieldsOf(token)?.['logprob']
    return typeof value === 'number' && Number.isFinite(value) ? value : []
  })
  return values.length === tokens.length ? { values, oddities: [] } : { values, oddities: ['field-malformed'] }
}
