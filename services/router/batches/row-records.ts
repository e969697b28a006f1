import { addUsage } from '#services/contract/answer'
import { addNanoUsd, type NanoUsd } from '#services/contract/money'
import type { Usage } from '#services/contract/price'
import type { BatchTokens, RowRecord } from '#services/state/batches/batch-store'
import type { RowAnswer } from './row-plan.ts'

/** A row and its identity in the result files. */
export interface NamedRow {
  readonly row: number
  readonly customId: string
  readonly batchId: string
}

const noTokens: BatchTokens = { input: 0, cached: 0, output: 0, reasoning: 0 }

/** The line of a row that was answered. @source OpenAI API reference, "The request output object" */
export function answeredRow(
  named: NamedRow,
  answers: readonly RowAnswer[],
  body: object,
  costNanoUsd: NanoUsd,
): RowRecord {
  const response = { status_code: 200, request_id: answers[0]?.requestId ?? '', body }
  return {
    row: named.row,
    line: lineOf(named, { response, error: null }),
    succeeded: true,
    tokens: tokensOf(addUsage(answers.map(({ answer }) => answer.usage))),
    costNanoUsd,
  }
}

/** The line of a row that was refused, or whose answer did not come. */
export function failedRow(
  named: NamedRow,
  { status, body }: { readonly status: number; readonly body: object },
  costNanoUsd: NanoUsd = 0,
): RowRecord {
  const response = { status_code: status, request_id: idOf(named), body }
  return {
    row: named.row,
    line: lineOf(named, { response, error: null }),
    succeeded: false,
    tokens: noTokens,
    costNanoUsd,
  }
}

/** The line of a row that the window was too short for. */
export function expiredRow(named: NamedRow, costNanoUsd: NanoUsd = 0): RowRecord {
  const error = {
    code: 'batch_expired',
    message: 'This request could not be executed before the completion window expired.',
  }
  return {
    row: named.row,
    line: lineOf(named, { response: null, error }),
    succeeded: false,
    tokens: noTokens,
    costNanoUsd,
  }
}

function lineOf(named: NamedRow, rest: object): string {
  return `${JSON.stringify({ id: idOf(named), custom_id: named.customId, ...rest })}\n`
}

function idOf({ batchId, row }: NamedRow): string {
  return `batch_req_${batchId.replace('batch_', '')}_${row}`
}

function tokensOf(usage: Usage): BatchTokens {
  const { inputTokens = 0, cachedTokens = 0, cacheWriteTokens = 0, outputTokens = 0, reasoningTokens = 0 } = usage
  return {
    input: inputTokens + cachedTokens + cacheWriteTokens,
    cached: cachedTokens,
    output: outputTokens + reasoningTokens,
    reasoning: reasoningTokens,
  }
}

/** Sums of costs, for rows of several requests. */
export function sumOfCosts(costs: readonly { readonly costNanoUsd: NanoUsd }[]): NanoUsd {
  return addNanoUsd(...costs.map(({ costNanoUsd }) => costNanoUsd))
}
