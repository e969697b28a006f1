import { GatewayError } from '#services/contract/errors'
import { endedStatuses, type Batch, type BatchFault, type BatchOrder, type BatchStatus } from './batch-store.ts'

const statuses: readonly BatchStatus[] = ['validating', 'in_progress', 'finalizing', 'cancelling', ...endedStatuses]

/** Reads the fields of a batch; `undefined` where there are none. */
export function batchFromFields(batchId: string, fields: Readonly<Record<string, string>>): Batch | undefined {
  const { order: text, status: word, output, error } = fields
  const status = statuses.find(one => one === word)
  if (text === undefined || status === undefined) return undefined
  // Written by `create` alone.
  const order = JSON.parse(text) as BatchOrder
  const count = (name: string): number => Number(fields[name] ?? 0)
  const createdAt = count('made')
  const hasEnded = endedStatuses.includes(status)
  return {
    ...order,
    batchId,
    status,
    createdAt,
    expiresAt: createdAt + order.windowMs,
    reachedAt: Object.fromEntries(
      statuses.flatMap(one => (fields[`at:${one}`] === undefined ? [] : [[one, count(`at:${one}`)]])),
    ),
    rows: { total: count('total'), completed: count('completed'), failed: count('failed') },
    tokens: {
      input: count('input'),
      cached: count('cached'),
      output: count('written'),
      reasoning: count('reasoning'),
    },
    costNanoUsd: count('cost'),
    faults: fields['faults'] === undefined ? [] : (JSON.parse(fields['faults']) as BatchFault[]),
    ...(hasEnded && output !== undefined ? { outputFileId: output } : {}),
    ...(hasEnded && error !== undefined ? { errorFileId: error } : {}),
  }
}

/** The error for a batch that is unknown, or another tenant's. */
export function noSuchBatch(): GatewayError {
  return new GatewayError('NotFound', 'there is no such batch, or it has expired', { reason: 'BATCH_NOT_FOUND' })
}
