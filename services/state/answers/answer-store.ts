import type { Answer } from '#services/contract/answer'
import type { RequestId } from '#services/contract/ids'

/** An answer that was given, kept for those who ask the same. */
export interface KeptAnswer {
  /** The request that it was given to. */
  readonly requestId: RequestId
  readonly answer: Answer
  /** What was asked, where likeness is looked for. */
  readonly question?: string
  /** Epoch ms. */
  readonly keptAt: number
}

/** Keeps answers by what was asked, each tenant for itself and for a time. */
export interface AnswerStore {
  find(tenant: string, key: string): Promise<KeptAnswer | undefined>
  keep(tenant: string, key: string, kept: KeptAnswer, ttlMs: number): Promise<void>
  /** Remembers that a request was answered by the answer of this key. */
  attribute(tenant: string, requestId: RequestId, key: string, ttlMs: number): Promise<void>
  /** Removes the answer that a request was given, or gave. Gives its key; `undefined` where none is known. */
  forget(tenant: string, requestId: RequestId): Promise<string | undefined>
}
