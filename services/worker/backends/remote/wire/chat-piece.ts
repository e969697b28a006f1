import type { Oddity } from '#services/worker/oddity'
import type { Ending } from './finish-reasons.ts'
import type { Redact } from '../errors/redact.ts'
import type { UsageCounts } from './usage-counts.ts'

/** One piece of a streamed answer, whatever protocol it came by. */
export interface ChatPiece {
  readonly text: string
  /** Natural logarithms of the chances of the piece's tokens, where the server tells them. */
  readonly logprobs: readonly number[]
  /** How the answer ended. */
  readonly ending?: Ending
  /** The server's own word for it. */
  readonly finishReason?: string
  /** True of a piece in which the model thinks: nothing is said yet, but the answer has begun. */
  readonly thinks?: true
  /** Words in place of an answer, where the server tells them apart. */
  readonly refusal?: string
  /** What the server says of its use, as it counts. */
  readonly usage?: UsageCounts
  /** What was odd about the piece and was passed over. */
  readonly oddities?: readonly Oddity[]
  /** Pieces of calls of tools that the model asks for. */
  readonly toolCalls?: readonly ToolCallPiece[]
}

/** Whether a piece holds a part of the answer. Others name a role, tell of usage, or say nothing: with them the answer has not begun. */
export function isReal({ text, refusal = '', thinks, toolCalls = [] }: ChatPiece): boolean {
  return text !== '' || refusal !== '' || thinks === true || toolCalls.length > 0
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
  /** The pieces of one event, which may have a name. @throws UpstreamError for one that is not what the protocol says, or tells of an error */
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
  /** Reads one answer; `redact` takes the caller's words out of what the server says of errors. */
  reader(redact: Redact): EventReader
}
