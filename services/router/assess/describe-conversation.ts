import { isWords, wordsIn } from '#services/contract/content'
import { messagesOf } from '#services/contract/conversation'
import type { PartDescription } from '#services/decision/policy/policy'
import type { Admitted, CheckedPart } from '#services/router/request/states'

/**
 * What of a conversation is hard: the turn that is asked now, from the user's last message on. Of the rest only its
 * size counts. `undefined` of content without messages.
 */
export function askedNow({
  request: { messages },
  parts,
}: Pick<Admitted, 'request' | 'parts'>): readonly CheckedPart[] | undefined {
  if (messages === undefined) return undefined
  const turns = messagesOf({ parts, messages })
  const asked = turns.findLastIndex(({ role }) => role === 'user')
  return turns.slice(Math.max(0, asked)).flatMap(turn => turn.parts)
}

/** A conversation in bounded numbers. Pure. */
export function describeConversation(admitted: Pick<Admitted, 'request' | 'parts'>): PartDescription {
  const { request, parts } = admitted
  const { messages = [], options } = request
  const words = parts.filter(isWords).map(wordsIn)
  const characters = words.reduce((sum, text) => sum + text.length, 0)
  const calls = parts.filter(({ kind }) => kind === 'tool-call').length
  const asked = (askedNow(admitted) ?? []).filter(isWords).map(wordsIn).join('\n')
  return {
    kind: 'conversation',
    features: {
      log_turns: Math.log1p(messages.filter(({ role }) => role === 'user').length),
      log_characters: Math.log1p(characters),
      log_tools: Math.log1p(options.tools?.length ?? 0),
      log_calls: Math.log1p(calls),
      in_loop: Number(messages.at(-1)?.role === 'tool'),
      failed_results: Math.min(5, parts.filter(part => part.kind === 'tool-result' && part.isError === true).length),
      has_system: Number(messages[0]?.role === 'system'),
      code: codeRatio(asked),
      wants_shape: Number(options.responseFormat !== undefined),
    },
  }
}

/** Lines of code: within fences, or with the beginning or end of code. */
function codeRatio(text: string): number {
  let fenced = false
  let code = 0
  const lines = text.slice(0, longestRead).split('\n')
  for (const line of lines) {
    if (line.trimStart().startsWith('```')) fenced = !fenced
    else if (fenced || /[;{}]\s*$|^\s*(?:def|class|function|import|#include|SELECT|const|let|var|return)\b/u.test(line))
      code += 1
  }
  return code / lines.length
}

/** Longer texts are no harder. */
const longestRead = 16_384
