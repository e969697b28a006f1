import type { EndNotice, LegEnd } from '#services/state/cascade-log/cascade-log'
import type { DeltaKind } from '#services/contract/answer'
import type { LegId } from '#services/contract/ids'

/** What a worker tells a router. */
export type RouterMessage =
  /** The leg was taken up by a worker; control messages for it go there. */
  | { readonly kind: 'leg-started'; readonly legId: LegId; readonly attempt: number; readonly workerId: string }
  /** A piece of an answer, in order: `offset` counts the characters of its kind and attempt before it. */
  | {
      readonly kind: 'delta'
      readonly legId: LegId
      readonly attempt: number
      readonly offset: number
      readonly text: string
      /** `text` when absent. */
      readonly of?: DeltaKind
    }
  /** The leg's end is in the cascade log; `end` comes along when it is small. */
  | { readonly kind: 'leg-ended'; readonly legId: LegId; readonly attempt: number; readonly end?: LegEnd }

/** What a router tells a worker. */
export type WorkerMessage =
  | { readonly kind: 'cancel'; readonly legId: LegId }
  /** The client has taken this many characters of the leg's pieces in all. */
  | { readonly kind: 'taken'; readonly legId: LegId; readonly characters: number }

/** Any message. */
export type ReplyMessage = RouterMessage | WorkerMessage

/** Puts messages into any process's box. */
export interface ReplySender {
  /** Appends to a box; resolves when Redis has it. @throws the connection's error when it cannot be put */
  send(box: string, message: ReplyMessage): Promise<void>
  /** What lets the cascade log send word of an end in its own step; absent where that cannot be. */
  noticeOf?(box: string, legId: LegId, attempt: number): EndNotice
}

/**
 * One process's own box: messages come in order, once, and are kept through lost connections until they are handled.
 */
export interface ReplyStream<M extends ReplyMessage> {
  /** Name that others send to. */
  readonly name: string
  /**
   * Reads until closed; messages are handed over in order, and let go of after the handler returns. Never rejects for a
   * lost connection.
   */
  listen(handler: (message: M) => void): void
  close(): Promise<void>
}
