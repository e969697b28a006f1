import { deepestJson, isDeeperThan } from '#services/platform/http/json-depth'
import { z } from 'zod'
import { noSuchFile } from '#services/state/files/file-store'
import type { Batch, BatchFault } from '#services/state/batches/batch-store'
import { isGatewayError } from '#services/contract/errors'
import { readLines, type Line } from './read-lines.ts'

/** A row as written in the file. */
export interface Row {
  readonly customId: string
  readonly body: unknown
}

/** What the input of a batch is held to. */
export interface InputLimits {
  readonly rows: number
  readonly lineBytes: number
}

/** @source OpenAI API reference, "The request input object" */
const rowSchema = z.strictObject({
  custom_id: z.string('expected a text').min(1, 'expected a text').max(512, 'expected at most 512 characters'),
  method: z.literal('POST', 'expected POST'),
  url: z.string('expected a text'),
  body: z.record(z.string(), z.unknown(), 'expected an object'),
})

const mostFaults = 50

/** Reads a line that `checkInput` found sound. */
export function readRow({ bytes }: Line): Row {
  const { custom_id: customId, body } = rowSchema.parse(JSON.parse(bytes.toString()))
  return { customId, body }
}

/** Reads the whole input once: its faults, each with its line, and how many rows it has. */
export async function checkInput(
  { endpoint }: Batch,
  file: AsyncIterable<Uint8Array>,
  limits: InputLimits,
): Promise<{ readonly rows: number; readonly faults: readonly BatchFault[] }> {
  const seen = new Set<string>()
  const faults: BatchFault[] = []
  let rows = 0
  try {
    for await (const line of readLines(file, limits.lineBytes)) {
      rows += 1
      faults.push(...faultsOf(line, endpoint, seen, limits))
      if (faults.length >= mostFaults || rows > limits.rows) break
    }
  } catch (error) {
    if (!isGatewayError(error) || error.code !== 'NotFound') throw error
    faults.push({ code: 'input_file_not_found', message: noSuchFile().message })
  }
  if (rows > limits.rows) faults.push({ code: 'too_many_rows', message: `expected at most ${limits.rows} rows` })
  if (rows === 0 && faults.length === 0) faults.push({ code: 'empty_file', message: 'the input file has no rows' })
  return { rows, faults: faults.slice(0, mostFaults) }
}

function faultsOf(line: Line, endpoint: string, seen: Set<string>, limits: InputLimits): readonly BatchFault[] {
  const fault = (code: string, message: string, param?: string): BatchFault => ({
    code,
    message,
    line: line.number,
    ...(param === undefined ? {} : { param }),
  })
  if (line.bytes.byteLength > limits.lineBytes) {
    return [fault('line_too_long', `expected at most ${limits.lineBytes} bytes`)]
  }
  const parsed = parse(line.bytes)
  if (parsed === undefined) return [fault('invalid_json_line', 'it is no JSON')]
  const read = rowSchema.safeParse(parsed.value)
  if (!read.success) {
    return read.error.issues.map(({ path, message, ...issue }) =>
      issue.code === 'unrecognized_keys'
        ? fault('unknown_parameter', 'it is not taken here', issue.keys.join(', '))
        : fault('invalid_request', message, path.join('.') || 'row'),
    )
  }
  const { custom_id: customId, url } = read.data
  if (url !== endpoint) return [fault('mismatched_url', `expected ${endpoint}, the endpoint of the batch`, 'url')]
  if (seen.has(customId)) return [fault('duplicate_custom_id', 'another row has the same', 'custom_id')]
  seen.add(customId)
  return []
}

function parse(bytes: Buffer): { readonly value: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return isDeeperThan(deepestJson, value) ? undefined : { value }
  } catch {
    return undefined
  }
}
