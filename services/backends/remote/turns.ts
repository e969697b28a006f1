import { deepestJson, isDeeperThan } from '#services/platform/http/json-depth'
import type { ToolCallPart, ToolResultPart } from '#services/contract/content'
import { messagesOf, type Message } from '#services/contract/conversation'
import type { LoadedPart, Work } from '#services/backends/work'

/** One message of a conversation as a backend is given it. */
export type Turn = Message<LoadedPart>

/**
 * The messages of a leg as its model may see them. What another model thought stays away, with its signature.
 * Results of tools that follow each other are one message, in the order of their calls, since one protocol matches
 * them by name and place.
 */
export function turnsOf(work: Pick<Work, 'parts' | 'messages' | 'model'>): readonly Turn[] {
  const turns: Turn[] = []
  for (const { role, parts } of messagesOf(work)) {
    const kept = parts.filter(part => part.kind !== 'reasoning' || part.model === work.model)
    const last = turns.at(-1)
    if (role === 'tool' && last?.role === 'tool') turns[turns.length - 1] = { role, parts: [...last.parts, ...kept] }
    else if (kept.length > 0) turns.push({ role, parts: kept })
  }
  return turns.map((turn, at) => (turn.role === 'tool' ? inOrder(turn, turns[at - 1]) : turn))
}

function inOrder({ role, parts }: Turn, asked: Turn | undefined): Turn {
  const ids = (asked?.parts ?? []).flatMap(part => (part.kind === 'tool-call' ? part.id : []))
  const placeOf = (part: LoadedPart): number => (part.kind === 'tool-result' ? ids.indexOf(part.callId) : ids.length)
  return { role, parts: parts.toSorted((a, b) => placeOf(a) - placeOf(b)) }
}

/** The name of the tool that a result is of: that of the nearest call before it with its id. */
export function calledName(turns: readonly Turn[], before: number, { callId }: ToolResultPart): string {
  for (const { parts } of turns.slice(0, before).toReversed()) {
    const call = parts.find(part => part.kind === 'tool-call' && part.id === callId)
    if (call?.kind === 'tool-call') return call.name
  }
  return ''
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isDeeperThan(deepestJson, value)
}

/**
 * A call's arguments as an object, which some protocols demand; what a model wrote that is none goes under one
 * name.
 */
export function argumentsOf({ argumentsJson }: ToolCallPart): Readonly<Record<string, unknown>> {
  if (argumentsJson.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(argumentsJson)
    if (isObject(value)) return value as Record<string, unknown>
  } catch {
    // A model may break the JSON of its own call, and is to see what it wrote.
  }
  return { arguments: argumentsJson }
}
