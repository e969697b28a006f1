import type { CascadeEvent, EmitEvent, ToolCallEvent } from '#services/router/request/states'
import type { GuardedStream } from '#services/router/request/answer-guard'
import type { TextGuard } from './text-guard.ts'

type Delta = CascadeEvent & { readonly kind: 'delta' | 'reasoning' }

/** Checks the pieces of an answer as they come. Calls of tools are gathered, and go out whole behind all text. */
export function createGuardedStream(openText: () => TextGuard, emit: EmitEvent): GuardedStream {
  const guards = { delta: openText(), reasoning: openText() }
  const last: Partial<Record<Delta['kind'], Delta>> = {}
  const calls: ToolCallEvent[] = []
  let hasReleased = false

  const release = async (event: Delta, text: string): Promise<void> => {
    if (text === '') return
    hasReleased ||= event.kind === 'delta'
    await emit({ ...event, text })
  }

  return {
    async emit(event) {
      if (event.kind === 'tool-call') {
        const before = calls[event.index] ?? { ...event, argumentsJson: '' }
        calls[event.index] = { ...before, argumentsJson: before.argumentsJson + event.argumentsJson }
        return
      }
      if (event.kind !== 'delta' && event.kind !== 'reasoning') {
        await emit(event)
        return
      }
      last[event.kind] = event
      await release(event, guards[event.kind].push(event.text))
    },
    async flush() {
      for (const kind of ['reasoning', 'delta'] as const) {
        const event = last[kind]
        if (event !== undefined) await release(event, guards[kind].end())
      }
      for (const event of calls) {
        const guard = openText()
        await emit({ ...event, argumentsJson: guard.push(event.argumentsJson) + guard.end() })
      }
    },
    get hasReleased() {
      return hasReleased
    },
  }
}
