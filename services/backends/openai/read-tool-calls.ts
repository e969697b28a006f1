import { argumentsIn } from '../remote/tools/tool-arguments.ts'
import type { ToolCallPiece } from '../remote/wire/chat-piece.ts'
import { fieldsOf } from '../remote/wire/read-usage.ts'

/**
 * Reads the tool calls of one event: a list, or one call alone. Each field may be missing or null; arguments may be
 * an object instead of its JSON. Where calls come together without an index, their places tell them apart.
 */
export function readToolCalls(value: unknown): readonly ToolCallPiece[] {
  if (value === undefined || value === null) return []
  const calls = Array.isArray(value) ? value : [value]
  return calls.flatMap((call, place) => readCall(call, calls.length > 1 ? place : undefined))
}

function readCall(value: unknown, place: number | undefined): readonly ToolCallPiece[] {
  const call = fieldsOf(value)
  if (call === undefined) return []
  const called = fieldsOf(call['function']) ?? call
  const index = indexIn(call['index']) ?? place
  const id = wordIn(call['id'])
  const name = wordIn(called['name'])
  return [
    {
      arguments: argumentsIn(called['arguments']),
      ...(index === undefined ? {} : { index }),
      ...(id === '' ? {} : { id }),
      ...(name === '' ? {} : { name }),
    },
  ]
}

function indexIn(value: unknown): number | undefined {
  const index = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof index === 'number' && Number.isInteger(index) && index >= 0 ? index : undefined
}

function wordIn(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
