import type { Config } from '#services/config/schema'
import { createIndexes, type Indexes } from '#services/router/retrieve/indexes'
import { createIngests, type Ingests } from '#services/router/retrieve/ingests'
import { createRetrieve, type Retrieve } from '#services/router/retrieve/retrieve'
import type { LadderRegistry } from '#services/router/ladders/ladder-registry'
import type { RequestHandler } from '#services/router/pipeline/handle-request'
import type { Stores } from '../stores.ts'

/** Indexes, and putting documents into them. */
export interface Retrieval {
  readonly indexes: Indexes
  readonly ingests: Ingests
  readonly stages: { readonly retrieve: Retrieve }
}

/** What they are made from. */
export interface RetrievalParts {
  readonly stores: Pick<Stores, 'indexes' | 'batches' | 'files'>
  readonly ladders: Pick<LadderRegistry, 'find'>
  /** The handler that these stages are a part of. */
  readonly handler: () => Pick<RequestHandler, 'infer'>
}

/** Builds them. */
export function composeRetrieval(config: Config, { stores, ladders, handler }: RetrievalParts): Retrieval {
  const indexes = createIndexes({ store: stores.indexes, handler, embedders: embeddersOf(config) })
  return {
    indexes,
    stages: { retrieve: createRetrieve({ ladders, indexes }) },
    ingests: createIngests({ batches: stores.batches, files: stores.files, indexes: stores.indexes }),
  }
}

/** Models that embed texts, those of ladders first. */
function embeddersOf({ models, ladders }: Config): readonly string[] {
  const rungs = Object.values(ladders).flatMap(({ task, modalities, rungs: all }) =>
    task === 'embed' && modalities.includes('text')
      ? all.map(rung => (typeof rung === 'string' ? rung : rung.model))
      : [],
  )
  const others = Object.entries(models).flatMap(([name, { tasks, modalities }]) =>
    tasks.includes('embed') && modalities.includes('text') ? name : [],
  )
  return [...new Set([...rungs, ...others])]
}
