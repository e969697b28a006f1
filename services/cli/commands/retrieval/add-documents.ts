import { readFileSync } from 'node:fs'
import type { Document } from '#services/wire/generated/sluice/v1/Document'
import type { Ingest__Output } from '#services/wire/generated/sluice/v1/Ingest'
import { openGateway, type GatewayCaller } from '#services/cli/client/client'
import type { CommonOptions } from '#services/cli/client/common-options'
import { CommandFault } from '#services/cli/client/failure'
import { shortEnum } from '#services/cli/output/show-answer'
import type { Terminal } from '#services/cli/output/terminal'
import { formatNanoUsd } from '#services/contract/money'
import { sleep } from '#services/platform/process/every'
import { pairOf, readPairs } from './metadata-pairs.ts'

/** Options of `index add`. */
export interface AddOptions extends CommonOptions {
  readonly metadata?: readonly string[]
  readonly wait: boolean
}

const lookEveryMs = 500
/** Of one call, with room for the rest of the message. */
const callBytes = 4_000_000
const callDocuments = 5000

/** `sluice index add <name> <file...>` */
export async function runAddDocuments(
  options: AddOptions,
  terminal: Terminal,
  index = '',
  ...files: string[]
): Promise<void> {
  const shared = readPairs('--metadata', options.metadata)
  const documents = files
    .flatMap(documentsOf)
    .map(document => ({ ...document, metadata: { ...document.metadata, ...shared } }))
  if (documents.length === 0) throw new CommandFault('there are no documents in these files')
  using gateway = await openGateway(options)
  for (const part of partsOf(documents)) {
    const begun = await gateway.call('AddDocuments', { index, documents: part })
    const ingest = options.wait ? await end(gateway, begun, terminal) : begun
    showIngest(ingest, terminal)
  }
}

/** `sluice index status <job>` */
export async function runIngestStatus(options: CommonOptions, terminal: Terminal, ingestId = ''): Promise<void> {
  using gateway = await openGateway(options)
  showIngest(await gateway.call('GetIngest', { ingestId }), terminal)
}

async function end(gateway: GatewayCaller, begun: Ingest__Output, terminal: Terminal): Promise<Ingest__Output> {
  let ingest = begun
  let told = -1
  while (ingest.state === 'INGEST_STATE_RUNNING') {
    await sleep(lookEveryMs)
    ingest = await gateway.call('GetIngest', { ingestId: begun.ingestId })
    const done = ingest.completed + ingest.failed
    if (done !== told) terminal.note(terminal.paint('dim', `${done} of ${ingest.total} documents`))
    told = done
  }
  return ingest
}

function showIngest(ingest: Ingest__Output, terminal: Terminal): void {
  if (ingest.failed > 0 || ingest.state === 'INGEST_STATE_FAILED') process.exitCode = 1
  if (terminal.json) {
    terminal.value(ingest)
    return
  }
  const { ingestId, state, total, completed, failed, costNanoUsd, failures } = ingest
  terminal.line(
    `job ${ingestId}  ${terminal.paint('bold', shortEnum(state))}  ${completed} of ${total} documents are in, ` +
      `${failed} failed, ${formatNanoUsd(costNanoUsd)}`,
  )
  for (const { documentId, message } of failures) terminal.line(terminal.paint('red', `${documentId}: ${message}`))
}

function documentsOf(file: string): readonly Document[] {
  const text = read(file)
  if (!file.endsWith('.jsonl')) return [{ id: file, title: '', text, metadata: {} }]
  return text.split('\n').flatMap((line, at) => (line.trim() === '' ? [] : documentOf(line, `${file}:${at + 1}`)))
}

function read(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
  } catch (error) {
    if (error instanceof TypeError) throw new CommandFault(`${file}: it is no text in UTF-8`)
    throw new CommandFault(`${file}: it cannot be read`)
  }
}

function documentOf(line: string, place: string): Document {
  const { id, title = '', text, metadata = {} } = objectOf(line, place)
  if (typeof id !== 'string' || typeof text !== 'string' || typeof title !== 'string') {
    throw new CommandFault(`${place}: expected {"id": text, "text": text, "title"?: text, "metadata"?: object}`)
  }
  if (typeof metadata !== 'object' || metadata === null)
    throw new CommandFault(`${place}: metadata: expected an object`)
  const pairs = Object.entries(metadata).map(([field, value]) => {
    const pair = pairOf(value)
    if (pair === undefined) throw new CommandFault(`${place}: metadata.${field}: expected a text, a number or a flag`)
    return [field, pair] as const
  })
  return { id, title, text, metadata: Object.fromEntries(pairs) }
}

function objectOf(line: string, place: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // It is said below.
  }
  throw new CommandFault(`${place}: expected an object of JSON`)
}

function* partsOf(documents: readonly Document[]): Generator<Document[]> {
  let part: Document[] = []
  let bytes = 0
  for (const document of documents) {
    const more = Buffer.byteLength(document.text ?? '')
    if (part.length > 0 && (bytes + more > callBytes || part.length >= callDocuments)) {
      yield part
      part = []
      bytes = 0
    }
    part.push(document)
    bytes += more
  }
  yield part
}
