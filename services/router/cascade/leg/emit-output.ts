import type { TextOutput } from '#services/contract/answer'
import type { ToolCall } from '#services/contract/content'
import type { EmitEvent } from '#services/router/request/states'

/** An answer to be told as events. */
export interface EmittedAnswer {
  readonly model: string
  readonly output: TextOutput
  readonly optimistic: boolean
}

/** Emits an answer as if it had come in pieces: what the model thought, its text, its calls of tools. */
export async function emitOutput(emitted: EmittedAnswer, emit: EmitEvent): Promise<void> {
  const { model, output, optimistic } = emitted
  const thought = (output.reasoning ?? []).map(one => one.text).join('')
  if (thought !== '') await emit({ kind: 'reasoning', model, text: thought, optimistic })
  if (output.text !== '' || output.toolCalls === undefined) {
    await emit({ kind: 'delta', model, text: output.text, optimistic })
  }
  await emitCalls(emitted, emit)
}

/**
 * Emits what an answer's calls of tools have beyond what was shown of them. False where they are not those that were
 * shown.
 */
export async function emitCalls(
  { model, output, optimistic }: EmittedAnswer,
  emit: EmitEvent,
  shown: readonly ToolCall[] = [],
): Promise<boolean> {
  const calls = output.toolCalls ?? []
  // A call that the cap on output cut is no part of the answer, though its beginning was shown.
  if (shown.length > calls.length && output.finishReason !== 'length') return false
  for (const [index, { id, name, argumentsJson }] of calls.entries()) {
    const before = shown[index]
    if (before === undefined) {
      await emit({ kind: 'tool-call', model, index, id, name, argumentsJson, optimistic })
      continue
    }
    if (before.id !== id || before.name !== name || !argumentsJson.startsWith(before.argumentsJson)) return false
    const rest = argumentsJson.slice(before.argumentsJson.length)
    if (rest !== '') await emit({ kind: 'tool-call', model, index, argumentsJson: rest, optimistic })
  }
  return true
}
