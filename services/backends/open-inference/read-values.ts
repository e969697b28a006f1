import type { Tensor } from '#services/wire/convert/tensors'
import { UpstreamError } from '../remote/wire/upstream-error.ts'

/** The text of a tensor; empty where it has no element. @throws UpstreamError for one of numbers */
export function textIn(tensor: Tensor): string {
  if (tensor.datatype !== 'BYTES') {
    throw new UpstreamError('malformed', `the server gave ${tensor.datatype} where a text is due`)
  }
  const [first] = tensor.values
  return first === undefined ? '' : Buffer.from(first).toString()
}

/**
 * The numbers of a tensor, of whatever datatype.
 * @throws UpstreamError for one that has none, or has one that is no number
 */
export function numbersIn(tensor: Tensor): readonly number[] {
  const values = tensor.datatype === 'BYTES' ? [] : tensor.values.map(Number)
  if (values.length > 0 && values.every(value => Number.isFinite(value))) return values
  throw new UpstreamError('malformed', `the server gave ${tensor.datatype} where numbers are due`)
}
