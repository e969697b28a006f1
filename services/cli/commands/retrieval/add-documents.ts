import type { Document } from '#services/wire/generated/sluice/v1/Document'
import type { Ingest__Output } from '#services/wire/generated/sluice/v1/Ingest'
import { openGateway, type GatewayCaller } from '#services/cli/client/client'
import type { CommonOptions } from '#services/cli/client/common-options'
import { CommandFault } from '#services/cli/client/failure'
import { shortEnum } from '#services/cli/output/show-answer'
import type { Terminal } from '#services/cli/output/terminal'
import { formatNanoUsd } from '#services/contract/money'
import { sleep } from '#services/platform/process/every'
import { readPairs } from './metadata-pairs.ts'
import { documentsOf } from './read-documents.ts'

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
  using gateway = await openGateway(options)
  const documents: Document[] = []
  for (const file of files) {
    const found = await documentsOf(file, gateway)
    documents.push(...found.map(document => ({ ...document, metadata: { ...document.metadata, ...shared } })))
  }
  if (documents.length === 0) throw new CommandFault('there are no documents in these files')
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
  let reported = -1
  while (ingest.state === 'INGEST_STATE_RUNNING') {
    await sleep(lookEveryMs)
    ingest = await gateway.call('GetIngest', { ingestId: begun.ingestId })
    const done = ingest.completed + ingest.failed
    if (done !== reported) terminal.note(terminal.paint('dim', `${done} of ${ingest.total} documents`))
    reported = done
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

function* partsOf(documents: readonly Document[]): Generator<Document[]> {
  let part: Document[] = []
  let bytes = 0
  for (const document of documents) {
    const more = bytesOf(document)
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

function bytesOf({ text, sections = [] }: Document): number {
  return [text, ...sections.map(section => section.text)].reduce((sum, one) => sum + Buffer.byteLength(one ?? ''), 0)
}
