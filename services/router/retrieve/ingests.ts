import { invalidField } from '#services/contract/errors'
import { readLines } from '#services/router/batches/read-lines'
import type { Batch, BatchStore } from '#services/state/batches/batch-store'
import { noSuchBatch } from '#services/state/batches/batch-fields'
import type { FileStore } from '#services/state/files/file-store'
import type { IndexStore } from '#services/state/index/index-store'
import { noSuchIndex } from '#services/state/index/index-store'
import { endpointOf, mostChunks } from './document-rows.ts'
import { charactersOf, readDocument } from './document.ts'

/** Putting documents into an index, as durable jobs. */
export interface Ingests {
  /** Resolves when the job is durable. @throws GatewayError InvalidRequest that names the document, NotFound */
  begin(order: IngestOrder): Promise<Batch>
  /** @throws GatewayError NotFound */
  find(tenant: string, ingestId: string): Promise<Batch>
  /** The first documents that are not in, where it has ended. */
  failuresOf(batch: Batch): Promise<readonly IngestFailure[]>
  /** Documents that are in stay. @throws GatewayError NotFound */
  cancel(tenant: string, ingestId: string): Promise<Batch>
}

/** A document that is not in, and why. */
export interface IngestFailure {
  readonly documentId: string
  readonly message: string
}

/** What is to be put in. */
export interface IngestOrder {
  readonly tenant: string
  readonly index: string
  readonly documents: readonly unknown[]
}

/** What they stand on. */
export interface IngestsDependencies {
  readonly batches: Pick<BatchStore, 'create' | 'find' | 'cancel'>
  readonly files: Pick<FileStore, 'begin' | 'append' | 'seal' | 'remove' | 'read'>
  readonly indexes: Pick<IndexStore, 'find'>
}

/** Time in which an ingest ends; removals are remembered longer. */
export const ingestWindowMs = 24 * 3_600_000
/** Time that its file outlasts the window. */
const spareMs = 3_600_000
const mostDocuments = 10_000
const mostFailures = 20
const failureLineBytes = 65_536

/** Makes them. */
export function createIngests({ batches, files, indexes }: IngestsDependencies): Ingests {
  return {
    async begin({ tenant, index, documents }) {
      const found = await indexes.find(tenant, index)
      if (found === undefined) throw noSuchIndex()
      const lines = linesOf(documents, endpointOf(index), found.chunkCharacters * mostChunks)
      const ttlMs = ingestWindowMs + spareMs
      const fileId = await files.begin(tenant, ttlMs)
      try {
        await files.append(tenant, fileId, Buffer.from(lines))
        await files.seal(tenant, fileId, { name: `${index}.jsonl`, purpose: 'batch', ttlMs })
        return await batches.create({
          tenant,
          endpoint: endpointOf(index),
          inputFileId: fileId,
          window: '24h',
          windowMs: ingestWindowMs,
          metadata: { index },
          constraints: { priority: 'batch' },
          labels: {},
          outputTtlMs: ttlMs,
        })
      } catch (error) {
        await files.remove(tenant, fileId)
        throw error
      }
    },
    find: async (tenant, ingestId) => ingestOf(await batches.find(tenant, ingestId)),
    async failuresOf({ tenant, errorFileId }) {
      if (errorFileId === undefined) return []
      const failures: IngestFailure[] = []
      for await (const { bytes } of readLines(files.read(tenant, errorFileId), failureLineBytes)) {
        failures.push(failureOf(bytes.toString()))
        if (failures.length >= mostFailures) break
      }
      return failures
    },
    async cancel(tenant, ingestId) {
      ingestOf(await batches.find(tenant, ingestId))
      return ingestOf(await batches.cancel(tenant, ingestId))
    },
  }
}

/** Reads a line of the error file, as `row-records` writes it. */
function failureOf(line: string): IngestFailure {
  const { custom_id: documentId, response } = JSON.parse(line) as {
    readonly custom_id: string
    readonly response: { readonly body: { readonly error?: { readonly message?: string } } } | null
  }
  return { documentId, message: response?.body.error?.message ?? 'the time of the job was over' }
}

function ingestOf(batch: Batch | undefined): Batch {
  if (batch === undefined || !isIngest(batch)) throw noSuchBatch()
  return batch
}

function isIngest(batch: Batch): boolean {
  return batch.metadata['index'] !== undefined && batch.endpoint === endpointOf(batch.metadata['index'])
}

function linesOf(documents: readonly unknown[], endpoint: string, mostCharacters: number): string {
  if (documents.length === 0) throw invalidField('documents', 'expected at least one')
  if (documents.length > mostDocuments) throw invalidField('documents', `expected at most ${mostDocuments}`)
  const seen = new Set<string>()
  const lines = documents.map((given, at) => {
    const body = readDocument(given, `documents[${at}]`)
    if (seen.has(body.id)) throw invalidField(`documents[${at}].id`, 'another document has the same')
    seen.add(body.id)
    if (charactersOf(body) > mostCharacters) {
      throw invalidField(`documents[${at}].text`, `expected at most ${mostCharacters} characters: ${mostChunks} chunks`)
    }
    return JSON.stringify({ custom_id: body.id, method: 'POST', url: endpoint, body })
  })
  return `${lines.join('\n')}\n`
}
