import type { CascadeEvent } from '#services/router/request/states'
import type { EmitEvent } from '#services/router/request/states'
import type { GuardedStream } from '#services/router/request/answer-guard'
import type { TextGuard } from './text-guard.ts'

type Delta = CascadeEvent & { readonly kind: 'delta' | 'reasoning' }
type Call = CascadeEvent & { readonly kind: 'tool-call' }

/** Checks the pieces of an answer as they come. Calls of tools come whole, and go out behind all text. */
export function createGuardedStream(openText: () => TextGuard, emit: EmitEvent): GuardedStream {
  const guards = { delta: openText(), reasoning: openText() }
  const last: Partial<Record<Delta['kind'], Delta>> = {}
  const calls: Call[] = []
  let hasReleased = false

  const release = async (event: Delta, text: string): Promise<void> => {
    if (text === '') return
    hasReleased ||= event.kind === 'delta'
    await emit({ ...event, text })
  }

  return {
    async emit(event) {
      if (event.kind === 'tool-call') {
        calls.push(event)
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
        const argumentsJson = guard.push(event.call.argumentsJson) + guard.end()
        await emit({ ...event, call: { ...event.call, argumentsJson } })
      }
    },
    get hasReleased() {
      return hasReleased
    },
  }
}
