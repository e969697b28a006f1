import type { Locator } from '#services/contract/retrieval/evidence'
import { GatewayError } from '#services/contract/errors'

/** What a document may be filtered by. */
export type Metadata = Readonly<Record<string, MetadataValue>>
/** One such value. */
export type MetadataValue = string | number | boolean

/** How an index is made. Its model cannot change: vectors of different spaces do not mix. */
export interface IndexSpec {
  readonly tenant: string
  readonly name: string
  /** Model whose vectors it holds. */
  readonly model: string
  /** Space of that model's vectors. */
  readonly space: string
  readonly dimensions: number
  /** Most characters of a chunk. */
  readonly chunkCharacters: number
}

/** An index as its tenant sees it. */
export interface IndexState extends IndexSpec {
  /** Tells an index from one of the same name that was dropped before. */
  readonly indexId: string
  /** Epoch ms. */
  readonly createdAt: number
  /** Grows with every change: what was answered from an earlier version may be stale. */
  readonly version: number
  readonly documents: number
  readonly chunks: number
}

/** A document, cut into chunks. */
export interface IndexDocument {
  readonly documentId: string
  readonly title?: string
  readonly metadata: Metadata
  readonly chunks: readonly IndexChunk[]
  /** Epoch ms when its caller asked for it: what was asked for after that holds, another text as well as a removal. */
  readonly orderedAt: number
}

/** A piece of a document and its vector. */
export interface IndexChunk {
  readonly text: string
  readonly locator?: Locator
  readonly vector: Float32Array
}

/** What is looked for: chunks near the vector, chunks with the words, or both, joined by reciprocal rank. */
export interface IndexQuery {
  readonly vector?: Float32Array
  readonly text?: string
  readonly conditions: readonly IndexCondition[]
  readonly limit: number
}

/** What a document's metadata must be; every condition of a query must hold. */
export interface IndexCondition {
  readonly field: string
  readonly anyOf?: readonly MetadataValue[]
  readonly noneOf?: readonly MetadataValue[]
  readonly atLeast?: number
  readonly atMost?: number
}

/** A chunk that was found. */
export interface IndexHit {
  readonly documentId: string
  /** Place of the chunk in its document, from 0. */
  readonly chunk: number
  readonly title?: string
  readonly locator?: Locator
  readonly text: string
  readonly metadata: Metadata
  /** Sum of reciprocal ranks; orders the hits of one query; it has no meaning across queries. */
  readonly score: number
  /** Cosine to the query, where it has a vector and the chunk is near. */
  readonly similarity?: number
  /** Rank of its words' match, where the query has words and the chunk matches them. */
  readonly wordScore?: number
}

/** Keeps indexes of documents, each tenant for itself. */
export interface IndexStore {
  /** @throws GatewayError AlreadyExists, RateLimited (quota) when the tenant has as many as it may */
  create(spec: IndexSpec): Promise<IndexState>
  find(tenant: string, name: string): Promise<IndexState | undefined>
  /** By name. */
  list(tenant: string): Promise<readonly IndexState[]>
  /** Removes an index with all it holds. False when there was none. */
  drop(tenant: string, name: string): Promise<boolean>
  /**
   * Puts a document in the place of the one with its id. False when that one was ordered later, or was removed after
   * this one was ordered, or the index was made after that: it stays away.
   * @throws GatewayError NotFound, TooLarge (quota) when the index is full
   */
  put(tenant: string, name: string, document: IndexDocument): Promise<boolean>
  /**
   * Removes documents, those that are on their way among them. Resolves when no query finds them any more.
   * @returns how many there were
   * @throws GatewayError NotFound
   */
  remove(tenant: string, name: string, documentIds: readonly string[]): Promise<number>
  /** Best first. @throws GatewayError NotFound */
  search(tenant: string, name: string, query: IndexQuery): Promise<readonly IndexHit[]>
  close(): Promise<void>
}

/** The error for an index that is unknown, or another tenant's. */
export function noSuchIndex(): GatewayError {
  return new GatewayError('NotFound', 'there is no such index', { reason: 'INDEX_NOT_FOUND' })
}

/** The error when the name is taken. */
export function indexExists(): GatewayError {
  return new GatewayError('AlreadyExists', 'name: there is an index of this name', {
    reason: 'INDEX_EXISTS',
    violations: [{ field: 'name', description: 'it is taken' }],
  })
}

/** The error when a tenant has its full number of indexes. */
export function tooManyIndexes(most: number): GatewayError {
  return new GatewayError('RateLimited', 'this tenant has as many indexes as it may: drop some', {
    reason: 'INDEXES_FULL',
    quota: { subject: 'tenant:indexes', description: `${most} indexes at once` },
  })
}

/** The error when an index is full. */
export function indexFull(most: number): GatewayError {
  return new GatewayError('TooLarge', `the index has as many chunks as it may (${most}); see indexes.engine`, {
    reason: 'INDEX_FULL',
    quota: { subject: 'index:chunks', description: `${most} chunks` },
  })
}
