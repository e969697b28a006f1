import { hasToolTurns, type ToolCallPart, type ToolResultPart } from '#services/contract/content'
import type { LoadedPart } from '#services/worker/states'

/** A part that a user can say or show. */
export type SaidPart = Exclude<LoadedPart, ToolCallPart | ToolResultPart>

/** A result with the call that it answers. */
export interface AnsweredCall {
  readonly call: ToolCallPart
  readonly result: ToolResultPart
}

/** One turn of a conversation: what the user says, or calls that the model asked for with what came of them. */
export type Turn =
  | { readonly kind: 'said'; readonly parts: readonly SaidPart[] }
  | { readonly kind: 'called'; readonly answered: readonly AnsweredCall[] }

/**
 * Parts a leg's content into turns. Admission saw to it that the calls of a turn are answered before anything else comes; results are
 * put into the order of their calls, since one protocol matches them by name and place.
 */
export function turnsOf(parts: readonly LoadedPart[]): readonly Turn[] {
  if (!hasToolTurns(parts)) return [{ kind: 'said', parts: parts as readonly SaidPart[] }]
  const turns: Turn[] = []
  let said: SaidPart[] = []
  let calls: ToolCallPart[] = []
  let results: ToolResultPart[] = []
  const endSaid = (): void => {
    if (said.length > 0) turns.push({ kind: 'said', parts: said })
    said = []
  }
  const endCalled = (): void => {
    if (calls.length > 0) turns.push({ kind: 'called', answered: match(calls, results) })
    calls = []
    results = []
  }
  for (const part of parts) {
    if (part.kind === 'tool-call') {
      endSaid()
      if (results.length > 0) endCalled()
      calls.push(part)
    } else if (part.kind === 'tool-result') results.push(part)
    else {
      endCalled()
      said.push(part)
    }
  }
  endSaid()
  endCalled()
  return turns
}

function match(calls: readonly ToolCallPart[], results: readonly ToolResultPart[]): readonly AnsweredCall[] {
  return calls.flatMap(call => {
    const result = results.find(one => one.callId === call.id)
    return result === undefined ? [] : [{ call, result }]
  })
}

/** A call's arguments as an object, which some protocols demand; what a model wrote that is none goes under one name. */
export function argumentsOf({ argumentsJson }: ToolCallPart): Readonly<Record<string, unknown>> {
  if (argumentsJson.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(argumentsJson)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // A model may break the JSON of its own call, and is to see what it wrote.
  }
  return { arguments: argumentsJson }
}
