import type { Oddity } from '#services/backends/oddity'
import type { Ending } from './finish-reasons.ts'
import type { Redact } from '../errors/redact.ts'
import type { UsageCounts } from './usage-counts.ts'

/** One piece of a streamed answer, whatever protocol it came by. */
export interface ChatPiece {
  readonly text: string
  /** Natural logarithms of the chances of the piece's tokens, where the server returns them. */
  readonly logprobs: readonly number[]
  /** How the answer ended. */
  readonly ending?: Ending
  /** The server's own word for it. */
  readonly finishReason?: string
  /** True of a piece in which the model thinks: no text yet, but the answer has begun. */
  readonly thinks?: true
  /** What it thinks, where the server shows it. */
  readonly reasoning?: readonly ReasoningPiece[]
  /** Words in place of an answer, where the server tells them apart. */
  readonly refusal?: string
  /** What the server says of its use, as it counts. */
  readonly usage?: UsageCounts
  /** What was odd about the piece and was passed over. */
  readonly oddities?: readonly Oddity[]
  /** Pieces of calls of tools that the model asks for. */
  readonly toolCalls?: readonly ToolCallPiece[]
}

/** A piece of what a model thinks. */
export interface ReasoningPiece {
  /**
   * Which stretch of thinking it belongs to: those of one block are put together, in the order in which blocks began.
   */
  readonly block: string
  readonly text?: string
  /** Signatures that come in pieces are put together. */
  readonly signature?: string
}

/**
 * Whether a piece holds a part of the answer. Others name a role, tell of usage, or say nothing: with them the answer
 * has not begun.
 */
export function isReal({ text, refusal = '', thinks, reasoning = [], toolCalls = [] }: ChatPiece): boolean {
  return text !== '' || refusal !== '' || thinks === true || reasoning.length + toolCalls.length > 0
}

/** A piece of one tool call. */
export interface ToolCallPiece {
  /** Which of the answer's calls it belongs to, where the server says so. */
  readonly index?: number
  readonly id?: string
  readonly name?: string
  readonly arguments: string
}

/** How the stream of a protocol is read: one reader an answer. */
export interface EventReader {
  /**
   * The pieces of one event, which may have a name. @throws UpstreamError for one that is not what the protocol says,
   * or tells of an error
   */
  read(data: string, event?: string): readonly ChatPiece[]
  /** Whether the protocol's own end of the answer has come. */
  readonly ended: boolean
  /** Whether the answer is whole when the body ends without a mark of its own, for protocols that have none. */
  readonly wholeAtClose: boolean
  /** Whether the reason of the answer's end has come. */
  readonly finished: boolean
}

/** What differs between protocols of chat servers. */
export interface ChatDialect {
  /** Path under the base URL for a served model. */
  path(model: string): string
  headers(apiKey: string | undefined): Readonly<Record<string, string>>
  /** Reads one answer; `redact` removes the caller's words from the server's errors. */
  reader(redact: Redact): EventReader
}
