import type { Oddity } from '#services/worker/oddity'
import type { UsageCounts } from './usage-counts.ts'

/** One piece of a streamed answer, whatever protocol it came by. */
export interface ChatPiece {
  readonly text: string
  /** Natural logarithms of the chances of the piece's tokens, where the server tells them. */
  readonly logprobs: readonly number[]
  /** `stop`, `length`, `content_filter`, `tool_calls`, or the server's own word. */
  readonly finishReason?: string
  /** Words in place of an answer, where the server tells them apart. */
  readonly refusal?: string
  /** What the server says of its use, as it counts. */
  readonly usage?: UsageCounts
  /** What was odd about the piece and was passed over. */
  readonly oddities?: readonly Oddity[]
  /** Pieces of calls of tools that the model asks for. */
  readonly toolCalls?: readonly ToolCallPiece[]
}

/** A piece of one tool call: its name once, its arguments bit by bit. */
export interface ToolCallPiece {
  /** Which of the answer's calls it belongs to, from 0. */
  readonly index: number
  readonly id?: string
  readonly name?: string
  readonly arguments: string
}

/** How the stream of a protocol is read: one reader an answer. */
export interface EventReader {
  /** The pieces of one event. @throws UpstreamError for one that is not what the protocol says, or tells of an error */
  read(data: string): readonly ChatPiece[]
  /** Whether the protocol's own end of the answer has come. */
  readonly ended: boolean
  /** Whether the answer is whole when the body ends without a mark of its own, for protocols that have none. */
  readonly wholeAtClose: boolean
}

/** What differs between protocols of chat servers. */
export interface ChatDialect {
  /** Path under the base URL for a served model. */
  path(model: string): string
  headers(apiKey: string | undefined): Readonly<Record<string, string>>
  reader(): EventReader
}
