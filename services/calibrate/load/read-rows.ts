import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createInterface, type Interface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { GatewayError } from '#services/contract/errors'
import type { OutcomeRow } from '#services/calibrate/states'
import { withComparableAnswer } from './comparable-answer.ts'
import { columnsOf, outcomeRowSchema, partsOf } from './outcome-row.ts'
import { fileFaultText } from '#services/platform/process/file-fault'
import { expectedWords } from '#services/platform/process/expected-words'

/** Rows of several files and the digest of them all. */
export interface GatheredRows {
  readonly rows: readonly OutcomeRow[]
  readonly sha256: string
  /** What should be known of them. */
  readonly warnings: readonly string[]
}

/**
 * Reads outcome tables (.jsonl or .jsonl.gz), line by line.
 * @throws GatewayError Config that names file, line and field
 */
export async function gatherRows(files: readonly string[]): Promise<GatheredRows> {
  const rows: OutcomeRow[] = []
  const hash = createHash('sha256')
  for (const file of files) {
    for await (const row of readRows(file, hash)) rows.push(row)
  }
  if (rows.length === 0) throw new GatewayError('Config', `${files.join(', ')}: there are no rows`)
  return { rows, sha256: hash.digest('hex'), warnings: [] }
}

/**
 * Reads a table row by row, so that one of any length takes little memory.
 * @throws GatewayError Config as {@link gatherRows}
 */
export async function* readRows(file: string, hash?: Hash): AsyncGenerator<OutcomeRow> {
  for await (const { text, line } of linesOf(file)) {
    hash?.update(text)
    yield readRow(text, `${file}:${line}`)
  }
}

async function* linesOf(file: string): AsyncGenerator<{ text: string; line: number }> {
  const { lines, faultOf } = openLines(file)
  let line = 0
  try {
    for await (const whole of lines) {
      line += 1
      const text = line === 1 ? whole.replace(byteOrderMark, '') : whole
      if (text.trim() !== '') yield { text, line }
    }
  } catch (error) {
    throw cannotRead(file, line, error)
  }
  const fault = faultOf()
  if (fault !== undefined) throw cannotRead(file, line, fault)
}

/** Opens a file's lines, which end where reading fails: a stream does not propagate the error. */
function openLines(file: string): { readonly lines: Interface; readonly faultOf: () => Error | undefined } {
  const raw = createReadStream(file)
  const input = file.endsWith('.gz') ? raw.pipe(createGunzip()) : raw
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
  let fault: Error | undefined
  const fail = (error: Error): void => {
    fault ??= error
    lines.close()
  }
  for (const stream of new Set([raw, input])) stream.once('error', fail)
  return { lines, faultOf: () => fault }
}

function cannotRead(file: string, line: number, cause: unknown): GatewayError<'Config'> {
  const where = line > 0 ? ` beyond line ${line}` : ''
  return new GatewayError('Config', `${file}: it cannot be read${where}: ${fileFaultText(cause)}`, {}, { cause })
}

/** What some editors put before a text. */
const byteOrderMark = /^\uFEFF/u

function readRow(text: string, at: string): OutcomeRow {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new GatewayError('Config', `${at}: it is not JSON (which has no NaN and no Infinity)`, {}, { cause: error })
  }
  const read = outcomeRowSchema.safeParse(json, { error: expectedWords })
  if (!read.success) {
    const [first] = read.error.issues
    // Faults of a key are reported one level deeper.
    const { message } = (first?.code === 'invalid_key' ? first.issues[0] : first) ?? { message: 'a row of outcomes' }
    throw new GatewayError('Config', `${at}: ${first?.path.join('.') ?? ''}: expected ${message}`)
  }
  const { id, dataset, group, content, outcomes } = read.data
  const parts = partsOf(content)
  const columns = columnsOf(read.data)
  return { id, dataset, parts, columns, outcomes: withoutAbsent(outcomes), ...(group === undefined ? {} : { group }) }
}

function withoutAbsent(outcomes: object): OutcomeRow['outcomes'] {
  const present: OutcomeRow['outcomes'] = JSON.parse(JSON.stringify(outcomes))
  return Object.fromEntries(
    Object.entries(present).map(([model, outcome]) => [model, withComparableAnswer(outcome)] as const),
  )
}
