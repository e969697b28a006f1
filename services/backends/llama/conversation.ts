import type { ChatHistoryItem } from 'node-llama-cpp'
import { promptOf, systemText } from '../remote/prompt.ts'
import type { Work } from '#services/backends/work'

/**
 * What a leg asks as a chat template takes it, with a turn of the model at the end for it to write or to go on
 * with.
 */
export function chatHistoryOf(work: Work): ChatHistoryItem[] {
  const prompt = promptOf(work, 'words')
  const system = systemText(prompt)
  const shown = prompt.examples.flatMap(({ input, output }) => [userItem(input), modelItem(output)])
  const turns = prompt.turns.map(({ role, parts }): ChatHistoryItem => {
    const text = parts.flatMap(part => (part.kind === 'text' ? [part.text] : [])).join('\n')
    return role === 'assistant' ? modelItem(text) : role === 'system' ? { type: 'system', text } : userItem(text)
  })
  return [
    ...(system === undefined ? [] : [{ type: 'system' as const, text: system }]),
    ...shown,
    ...turns,
    // What a caller has the model begin with is gone on with.
    ...(turns.at(-1)?.type === 'model' ? [] : [{ type: 'model' as const, response: [] }]),
  ]
}

function userItem(text: string): ChatHistoryItem {
  return { type: 'user', text }
}

function modelItem(text: string): ChatHistoryItem {
  return { type: 'model', response: [text] }
}
