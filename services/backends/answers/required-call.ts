import type { Caveat, LegResult } from '#services/contract/answer'
import type { GenerateOptions } from '#services/contract/content'

/** What the caller cannot go on with is as good as no answer. */
const noCall: Caveat = { note: 'the answer calls no tool, though one was required', mostConfidence: 0 }
const otherCall: Caveat = { note: 'the answer does not call the tool that was required', mostConfidence: 0 }

/** Choices that leave it to the model whether it calls a tool. */
const free: ReadonlySet<string> = new Set(['auto', 'none'])

/**
 * Holds an answer to the `tool_choice` of its caller, whatever the server promised: one without the call that was
 * required is not trusted at all, and is passed over.
 */
export function holdToToolChoice(result: LegResult, { tools, toolChoice = 'auto' }: GenerateOptions): LegResult {
  const { output } = result
  if (tools === undefined || free.has(toolChoice) || output.kind !== 'text') return result
  const calls = output.toolCalls ?? []
  const isCalled = toolChoice === 'required' ? calls.length > 0 : calls.some(({ name }) => name === toolChoice)
  if (isCalled) return result
  return { ...result, caveats: [...(result.caveats ?? []), calls.length === 0 ? noCall : otherCall] }
}
