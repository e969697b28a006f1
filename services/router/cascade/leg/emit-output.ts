import type { TextOutput } from '#services/contract/answer'
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

/** Emits an answer's calls of tools. They come whole: what a model writes of them is mended only at its end. */
export async function emitCalls({ model, output, optimistic }: EmittedAnswer, emit: EmitEvent): Promise<void> {
  for (const [index, call] of (output.toolCalls ?? []).entries()) {
    await emit({ kind: 'tool-call', model, index, call, optimistic })
  }
}
