import type { Reasoning, ToolCall } from '#services/contract/content'
import { shownReason } from './finish-reasons.ts'
import type { Gathered } from './gathered.ts'
import { UpstreamError } from './upstream-error.ts'

/** A whole answer. */
export interface Answered {
  readonly text: string
  readonly toolCalls: readonly ToolCall[]
  readonly reasoning: readonly Reasoning[]
}

/**
 * Returns whether what was gathered is an answer, and gives it with well-formed texts. An end with nothing said is
 * none, unless the model itself or the cap on its output ended it.
 * @throws UpstreamError `content-filter`, `model-refused`, or `no-answer` with the reason
 */
export function finishAnswer(gathered: Gathered): Answered {
  const { ending, oddities } = gathered
  const because = `finish reason ${shownReason(gathered.finishReason)}`
  if (ending === 'content_filter') {
    throw new UpstreamError('content-filter', `the server refused the content: ${because}`)
  }
  if (ending === 'aborted') throw new UpstreamError('no-answer', `the model gave the answer up: ${because}`)
  const text = gathered.text.toWellFormed()
  const toolCalls = callsOf(gathered)
  if (text.trim() === '' && toolCalls.length === 0) acceptNothing(gathered, because)
  if (text !== gathered.text) oddities.add('half-character')
  if (ending === 'unknown') oddities.add('finish-unknown')
  return { text, toolCalls, reasoning: reasoningOf(gathered) }
}

function reasoningOf({ reasoning }: Gathered): readonly Reasoning[] {
  return [...reasoning.values()].flatMap(({ text, signature }) => {
    if (text === '' && signature === '') return []
    return [{ text: text.toWellFormed(), ...(signature === '' ? {} : { signature }) }]
  })
}

/** Nothing is an answer where the model ended by itself, or where the cap came before its first word. */
function acceptNothing({ ending, refusal, oddities }: Gathered, because: string): void {
  if (refusal !== '') throw new UpstreamError('model-refused', 'the model refused to answer')
  if (ending === 'length') return
  if (ending !== 'stop') throw new UpstreamError('no-answer', `the model said nothing: ${because}`)
  oddities.add('answer-empty')
}

function callsOf({ toolCalls, ending, oddities }: Gathered): readonly ToolCall[] {
  const finished = toolCalls.finish({ isCut: ending === 'length' })
  for (const one of finished.oddities) oddities.add(one)
  return finished.calls
}
