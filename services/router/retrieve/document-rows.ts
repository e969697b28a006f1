import { invalidField } from '#services/contract/errors'
import type { RowPlan } from '#services/router/batches/row-plan'
import type { Batch } from '#services/state/batches/batch-store'
import type { FileStore } from '#services/state/files/file-store'
import { noSuchIndex, type IndexState, type IndexStore } from '#services/state/index/index-store'
import { chunkSections, type Section } from './chunk-sections.ts'
import { readDocument, type Document } from './document.ts'
import { embeddingFor, embedRequest } from './embed-text.ts'

/** Documents of one index as rows of a batch: each is embedded and put into the index. */
export interface DocumentRows {
  /** Whether the batch is of documents. */
  isOf(batch: Pick<Batch, 'endpoint'>): boolean
  read(batch: Batch, body: unknown): Promise<RowPlan>
  /** The batch is over: what its caller sent is not kept beside the index. */
  ended(batch: Batch): Promise<void>
}

/** What they are put with. */
export interface DocumentRowsDependencies {
  readonly indexes: Pick<IndexStore, 'find' | 'put'>
  readonly files: Pick<FileStore, 'remove'>
}

/** Share of a chunk that the next repeats. */
const overlapRatio = 0.15
/** Chunks of one document. */
export const mostChunks = 2000

const shape = /^\/v1\/indexes\/([^/]+)\/documents$/u

/** The endpoint of batches of documents. */
export function endpointOf(index: string): string {
  return `/v1/indexes/${index}/documents`
}

/** Makes them. */
export function createDocumentRows({ indexes, files }: DocumentRowsDependencies): DocumentRows {
  return {
    isOf: ({ endpoint }) => shape.test(endpoint),
    async read(batch, body) {
      const name = shape.exec(batch.endpoint)?.[1] ?? ''
      const index = await indexes.find(batch.tenant, name)
      if (index === undefined) throw noSuchIndex()
      const document = readDocument(body, 'document')
      const pieces = piecesOf(document, index)
      const head = document.title === undefined ? '' : `${document.title}\n`
      return {
        requests: pieces.map(({ text }) => embedRequest(`${head}${text}`, index.model, batch.constraints)),
        async write(answers) {
          const { id, title, metadata } = document
          const put = await indexes.put(batch.tenant, name, {
            documentId: id,
            ...(title === undefined ? {} : { title }),
            metadata,
            chunks: pieces.map(({ text, locator }, at) => {
              const answer = answers[at]?.answer
              if (answer === undefined) throw new Error('a document was written without all of its answers')
              return { text, ...(locator === undefined ? {} : { locator }), vector: embeddingFor(index, answer) }
            }),
            orderedAt: batch.createdAt,
          })
          return { object: 'index.document', id, chunks: put ? pieces.length : 0, kept: put }
        },
      }
    },
    async ended({ tenant, inputFileId }) {
      await files.remove(tenant, inputFileId)
    },
  }
}

function piecesOf({ text = '', sections }: Document, { chunkCharacters }: IndexState): readonly Section[] {
  const chunks = chunkSections(sections ?? [{ text }], {
    characters: chunkCharacters,
    overlapCharacters: Math.floor(chunkCharacters * overlapRatio),
  })
  if (chunks.length === 0) throw invalidField('document.text', 'expected a text that is not blank')
  if (chunks.length > mostChunks) throw invalidField('document.text', `expected at most ${mostChunks} chunks of text`)
  return chunks
}
