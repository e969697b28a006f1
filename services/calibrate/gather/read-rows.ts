import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { GatewayError } from '../../shared/contract/errors.ts'
import type { OutcomeRow } from '../states.ts'
import { outcomeRowSchema, partsOf } from './outcome-row.ts'

/** Rows of several files and the digest of them all. */
export interface GatheredRows {
  readonly rows: readonly OutcomeRow[]
  readonly sha256: string
  /** What should be known of them. */
  readonly warnings: readonly string[]
}

/** Reads outcome tables (.jsonl or .jsonl.gz), line by line. @throws GatewayError Config that names file, line and field */
export async function gatherRows(files: readonly string[]): Promise<GatheredRows> {
  const rows: OutcomeRow[] = []
  const hash = createHash('sha256')
  for (const file of files) {
    for await (const row of readRows(file, hash)) rows.push(row)
  }
  if (rows.length === 0) throw new GatewayError('Config', `${files.join(', ')}: there are no rows`)
  return { rows, sha256: hash.digest('hex'), warnings: [] }
}

/** Reads a table row by row, so that one of any length takes little memory. @throws GatewayError Config as {@link gatherRows} */
export async function* readRows(file: string, hash?: Hash): AsyncGenerator<OutcomeRow> {
  for await (const { text, line } of linesOf(file)) {
    hash?.update(text)
    yield readRow(text, `${file}:${line}`)
  }
}

async function* linesOf(file: string): AsyncGenerator<{ text: string; line: number }> {
  const raw = createReadStream(file)
  const failed = new Promise<never>((_resolve, reject) => {
    raw.once('error', error => reject(new GatewayError('Config', `${file}: it cannot be read`, {}, { cause: error })))
  })
  failed.catch(() => {
    // Whoever reads the lines hears of it.
  })
  const input = file.endsWith('.gz') ? raw.pipe(createGunzip()) : raw
  let line = 0
  await Promise.race([failed, new Promise(resolve => raw.once('open', resolve))])
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1
    if (text.trim() !== '') yield { text, line }
  }
}

function readRow(text: string, at: string): OutcomeRow {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new GatewayError('Config', `${at}: it is no JSON (NaN and Infinity are none either)`, {}, { cause: error })
  }
  const read = outcomeRowSchema.safeParse(json)
  if (!read.success) {
    const [first] = read.error.issues
    throw new GatewayError('Config', `${at}: ${first?.path.join('.') ?? ''}: ${first?.message ?? 'it cannot be read'}`)
  }
  const { id, dataset, group, content, outcomes } = read.data
  const parts = partsOf(content)
  return { id, dataset, parts, outcomes: withoutAbsent(outcomes), ...(group === undefined ? {} : { group }) }
}

function withoutAbsent(outcomes: object): OutcomeRow['outcomes'] {
  return JSON.parse(JSON.stringify(outcomes))
}
