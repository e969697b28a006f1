import { messagesOf } from '#services/contract/conversation'
import type { Admitted } from '#services/router/request/states'

/** A loop of tools whose results a request brings. */
export interface OpenLoop {
  /** The model that called them, where its reasoning names it. */
  readonly model: string | undefined
}

/** The tool loop that a request continues: its last message of the assistant called tools. */
export function openLoopOf({ request, parts }: Pick<Admitted, 'request' | 'parts'>): OpenLoop | undefined {
  const { messages } = request
  if (messages === undefined) return undefined
  const last = messagesOf({ parts, messages }).findLast(({ role }) => role === 'assistant')
  if (last === undefined || !last.parts.some(({ kind }) => kind === 'tool-call')) return undefined
  return { model: last.parts.find(part => part.kind === 'reasoning')?.model }
}
