import { invalidField } from '#services/contract/errors'
import type { NanoUsd } from '#services/contract/money'
import type { PriorityClass } from '#services/contract/request'
import { deliver } from '#services/router/deliver/deliver'
import type { RequestHandler } from '#services/router/pipeline/handle-request'
import type { Caller, Incoming } from '#services/router/request/states'
import {
  noSuchIndex,
  type IndexCondition,
  type IndexHit,
  type IndexState,
  type IndexStore,
} from '#services/state/index/index-store'
import { embeddingFor, embeddingOf, embedRequest } from './embed-text.ts'

/** Indexes of a caller's tenant, filled and asked with texts. */
export interface Indexes {
  /** Asks the model once, so that its space is known. @throws GatewayError */
  create(order: IndexOrder, call: IndexCall): Promise<IndexState>
  find(tenant: string, name: string): Promise<IndexState>
  list(tenant: string): Promise<readonly IndexState[]>
  /** @throws GatewayError NotFound */
  drop(tenant: string, name: string): Promise<void>
  /** How many there were. @throws GatewayError NotFound */
  remove(tenant: string, name: string, documentIds: readonly string[]): Promise<number>
  search(search: IndexSearch, call: IndexCall): Promise<Found>
}

/** Who asks, and until when. */
export type IndexCall = Omit<Incoming, 'request' | 'mode'> & {
  readonly caller: Caller
  readonly signal: AbortSignal
}

/** How an index is to be made. */
export interface IndexOrder {
  readonly name: string
  /** The usual embedding model when absent. */
  readonly model?: string
  readonly chunkCharacters?: number
}

/** What is looked for. */
export interface IndexSearch {
  readonly name: string
  readonly text: string
  /** By what the text is compared; both when absent. */
  readonly by?: 'vectors' | 'words'
  readonly conditions: readonly IndexCondition[]
  readonly limit: number
  readonly priority?: PriorityClass
}

/** What was found, and what finding it cost. */
export interface Found {
  readonly index: IndexState
  readonly hits: readonly IndexHit[]
  readonly costNanoUsd: NanoUsd
}

/** What they stand on. */
export interface IndexesDependencies {
  readonly store: IndexStore
  readonly handler: () => Pick<RequestHandler, 'infer'>
  /** Models and rungs that embed texts, the usual one first. */
  readonly embedders: readonly string[]
}

const nameShape = /^[a-z0-9][a-z0-9._-]{0,62}$/u
const usualChunkCharacters = 800
const chunkBounds = { from: 100, to: 8000 } as const

/** Makes them. */
export function createIndexes({ store, handler, embedders }: IndexesDependencies): Indexes {
  const embed = async (text: string, model: string, call: IndexCall, priority: PriorityClass = 'normal') => {
    const { signal, ...context } = call
    const request = embedRequest(text, model, { priority })
    return deliver(await handler().infer({ ...context, request, mode: 'sync' }, signal))
  }
  const found = async (tenant: string, name: string): Promise<IndexState> => {
    const index = await store.find(tenant, name)
    if (index === undefined) throw noSuchIndex()
    return index
  }
  return {
    find: found,
    list: tenant => store.list(tenant),
    async create({ name, model = embedders[0], chunkCharacters = usualChunkCharacters }, call) {
      if (!nameShape.test(name)) throw invalidField('name', 'expected a-z, 0-9, dots, hyphens, at most 63')
      if (model === undefined || !embedders.includes(model)) {
        throw invalidField('model', `expected a model that embeds texts: ${embedders.join(', ') || 'there is none'}`)
      }
      const { from, to } = chunkBounds
      if (!(chunkCharacters >= from && chunkCharacters <= to)) {
        throw invalidField('chunk_characters', `expected ${from} to ${to}`)
      }
      const { space, vector } = embeddingOf(await embed(name, model, call))
      const { tenant } = call.caller
      return store.create({ tenant, name, model, space, dimensions: vector.length, chunkCharacters })
    },
    async drop(tenant, name) {
      if (!(await store.drop(tenant, name))) throw noSuchIndex()
    },
    remove: (tenant, name, documentIds) => store.remove(tenant, name, documentIds),
    async search({ name, text, by, conditions, limit, priority }, call) {
      const { tenant } = call.caller
      const index = await found(tenant, name)
      const answer = by === 'words' ? undefined : await embed(text, index.model, call, priority)
      const hits = await store.search(tenant, name, {
        ...(answer === undefined ? {} : { vector: embeddingFor(index, answer) }),
        ...(by === 'vectors' ? {} : { text }),
        conditions,
        limit,
      })
      return { index, hits, costNanoUsd: answer?.costNanoUsd ?? 0 }
    },
  }
}
