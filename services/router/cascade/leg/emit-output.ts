import type { TextOutput, ToolCallDelta } from '#services/contract/answer'
import type { ToolCall } from '#services/contract/content'
import type { EmitEvent } from '#services/router/request/states'

/** An answer to be emitted as events. */
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
  if (!shown.every((before, index) => isBeginningOf(before, calls[index]))) return false
  for (const [index, call] of calls.entries()) {
    const delta = restOf(call, shown[index])
    if (delta !== undefined) await emit({ kind: 'tool-call', model, index, ...delta, optimistic })
  }
  return true
}

/** What a call has beyond what was shown; `undefined` for nothing. */
function restOf(call: ToolCall, shown: ToolCall | undefined): Omit<ToolCallDelta, 'index'> | undefined {
  if (shown === undefined) return { id: call.id, name: call.name, argumentsJson: call.argumentsJson }
  const argumentsJson = call.argumentsJson.slice(shown.argumentsJson.length)
  return argumentsJson === '' ? undefined : { argumentsJson }
}

function isBeginningOf(shown: ToolCall, call: ToolCall | undefined): boolean {
  if (call === undefined) return true
  return shown.id === call.id && shown.name === call.name && call.argumentsJson.startsWith(shown.argumentsJson)
}
