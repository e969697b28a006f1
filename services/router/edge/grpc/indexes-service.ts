import type { UntypedServiceImplementation } from '@grpc/grpc-js'
import { invalidField } from '#services/contract/errors'
import type { AddDocumentsRequest__Output } from '#services/wire/generated/sluice/v1/AddDocumentsRequest'
import type { CreateIndexRequest__Output } from '#services/wire/generated/sluice/v1/CreateIndexRequest'
import type { RemoveDocumentsRequest__Output } from '#services/wire/generated/sluice/v1/RemoveDocumentsRequest'
import type { SearchIndexRequest__Output } from '#services/wire/generated/sluice/v1/SearchIndexRequest'
import type { Ingests } from '#services/router/retrieve/ingests'
import type { Indexes, IndexSearch } from '#services/router/retrieve/indexes'
import type { CallContext } from '../call/call-context.ts'
import { conditionFromWire, documentFromWire, hitToWire, indexToWire, ingestToWire } from './convert/convert-index.ts'
import { serveUnary, type ServeDependencies } from './serve-call.ts'

/** What the service answers from. */
export interface IndexesServiceDependencies extends ServeDependencies {
  readonly indexes: Indexes
  readonly ingests: Ingests
}

const usualHits = 10
const mostHits = 100
const mostRemoved = 10_000
const mostTextCharacters = 20_000
const mostConditions = 32

/** Builds every rpc of `sluice.v1.Indexes`. */
export function createIndexesService(dependencies: IndexesServiceDependencies): UntypedServiceImplementation {
  const { indexes, ingests } = dependencies
  const unary = <Request, Response>(
    rpc: string,
    answer: (request: Request, context: CallContext) => Promise<Response>,
  ) => serveUnary(rpc, 'infer', answer, dependencies)
  return {
    createIndex: unary('CreateIndex', async (request: CreateIndexRequest__Output, context) => {
      const { name, model, chunkCharacters } = request
      const order = {
        name,
        ...(model === '' ? {} : { model }),
        ...(chunkCharacters === 0 ? {} : { chunkCharacters }),
      }
      return indexToWire(await indexes.create(order, context))
    }),
    listIndexes: unary('ListIndexes', async (_request: object, { caller }) => ({
      indexes: (await indexes.list(caller.tenant)).map(indexToWire),
    })),
    dropIndex: unary('DropIndex', async ({ name }: { name: string }, { caller }) => {
      await indexes.drop(caller.tenant, name)
      return {}
    }),
    addDocuments: unary('AddDocuments', async ({ index, documents }: AddDocumentsRequest__Output, { caller }) => {
      const given = documents.map((document, at) => documentFromWire(document, `documents[${at}]`))
      return ingestToWire(await ingests.begin({ tenant: caller.tenant, index, documents: given }))
    }),
    getIngest: unary('GetIngest', async ({ ingestId }: { ingestId: string }, { caller }) => {
      const batch = await ingests.find(caller.tenant, ingestId)
      return ingestToWire(batch, await ingests.failuresOf(batch))
    }),
    cancelIngest: unary('CancelIngest', async ({ ingestId }: { ingestId: string }, { caller }) =>
      ingestToWire(await ingests.cancel(caller.tenant, ingestId)),
    ),
    removeDocuments: unary('RemoveDocuments', async (request: RemoveDocumentsRequest__Output, { caller }) => {
      const { index, documentIds } = request
      if (documentIds.length === 0) throw invalidField('document_ids', 'expected at least one')
      if (documentIds.length > mostRemoved) throw invalidField('document_ids', `expected at most ${mostRemoved}`)
      return { removed: await indexes.remove(caller.tenant, index, documentIds) }
    }),
    searchIndex: unary('SearchIndex', async (request: SearchIndexRequest__Output, context) => {
      const { hits, costNanoUsd } = await indexes.search(searchFromWire(request), context)
      return { hits: hits.map(hitToWire), costNanoUsd }
    }),
  }
}

function searchFromWire({ index, text, limit, by, conditions }: SearchIndexRequest__Output): IndexSearch {
  if (text.trim() === '') throw invalidField('text', 'expected a text')
  if (text.length > mostTextCharacters) throw invalidField('text', `expected at most ${mostTextCharacters} characters`)
  if (conditions.length > mostConditions) throw invalidField('conditions', `expected at most ${mostConditions}`)
  if (limit > mostHits) throw invalidField('limit', `expected at most ${mostHits}`)
  return {
    name: index,
    text,
    limit: limit === 0 ? usualHits : limit,
    conditions: conditions.map(conditionFromWire),
    ...(by === 'SEARCH_BY_VECTORS' ? { by: 'vectors' } : {}),
    ...(by === 'SEARCH_BY_WORDS' ? { by: 'words' } : {}),
  }
}
