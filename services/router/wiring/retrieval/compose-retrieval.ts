import type { Config } from '#services/config/schema'
import { createIndexes, type Indexes } from '#services/router/retrieve/indexes'
import { createIngests, type Ingests } from '#services/router/retrieve/ingests'
import type { RequestHandler } from '#services/router/pipeline/handle-request'
import type { Stores } from '../stores.ts'

/** Indexes, and putting documents into them. */
export interface Retrieval {
  readonly indexes: Indexes
  readonly ingests: Ingests
}

/** Builds both. */
export function composeRetrieval(
  config: Config,
  stores: Pick<Stores, 'indexes' | 'batches' | 'files'>,
  handler: Pick<RequestHandler, 'infer'>,
): Retrieval {
  return {
    indexes: createIndexes({ store: stores.indexes, handler, embedders: embeddersOf(config) }),
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
