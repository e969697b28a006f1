import type { Answer } from '#services/contract/answer'
import type { RequestId } from '#services/contract/ids'
import type { InferenceRequest } from '#services/contract/request'
import type { Batch } from '#services/state/batches/batch-store'

/** A row of a batch as its endpoint reads it: the requests that it makes, and how their answers are written. */
export interface RowPlan {
  readonly requests: readonly InferenceRequest[]
  /** A failure of the request at a place, by the row's own names of fields; absent where it has those already. */
  readonly failureOf?: (thrown: unknown, place: number) => unknown
  /** Does what is left to do, and gives the body of the response, from an answer for each request. */
  write(answers: readonly RowAnswer[]): object | Promise<object>
}

/** The answer to a request of a row. */
export interface RowAnswer {
  readonly requestId: RequestId
  readonly answer: Answer
}

/** What a batch has to know of the wire that its rows are written in. */
export interface RowWire {
  /** @throws GatewayError InvalidRequest, NotFound for what is no request of this endpoint */
  read(batch: Batch, body: unknown, createdAt: number): RowPlan | Promise<RowPlan>
  /** A failure as a response. */
  failure(thrown: unknown): { readonly status: number; readonly body: object }
  /** Hears of every batch that has ended. */
  ended?(batch: Batch): Promise<void>
}
