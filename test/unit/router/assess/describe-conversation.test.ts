import { describe, expect, it } from 'vitest'
import { conversationOf, type Message } from '#services/contract/conversation'
import { featuresOf } from '#services/decision/policy/featurize'
import { askedNow, describeConversation } from '#services/router/assess/describe-conversation'
import type { Admitted, CheckedPart } from '#services/router/request/states'

const text = (words: string) => ({ kind: 'text', text: words }) as const
const say = (role: Message['role'], ...parts: readonly CheckedPart[]): Message<CheckedPart> => ({ role, parts })

function admitted(
  messages: readonly Message<CheckedPart>[],
  options: object = {},
): Pick<Admitted, 'request' | 'parts'> {
  const { parts, messages: spans } = conversationOf(messages)
  return { parts, request: { messages: spans, options } as unknown as Admitted['request'] }
}

const call = { kind: 'tool-call', id: 'x', name: 'weather', argumentsJson: '{}' } as const
const result = { kind: 'tool-result', callId: 'x', content: 'rain', isError: true } as const

describe('a conversation as estimators see it', () => {
  it('is the turn that is asked now, with the results that came since', () => {
    const asked = say('user', text('and in Oslo?'))
    const loop = [say('assistant', call), say('tool', result)]
    const before = [say('system', text('s')), say('user', text('hello')), say('assistant', text('hi'))]
    expect(askedNow(admitted([...before, asked]))).toEqual(asked.parts)
    expect(askedNow(admitted([...before, asked, ...loop]))).toEqual([...asked.parts, call, result])
    expect(askedNow({ parts: asked.parts, request: {} as Admitted['request'] })).toBeUndefined()
  })

  it('describes a conversation in finite numbers, apart from the words', () => {
    const messages = [say('user', text('run this:\n```\nx = 1\n```')), say('assistant', call), say('tool', result)]
    const described = describeConversation(admitted(messages, { tools: [{}, {}] }))
    const features = featuresOf([described])
    expect(features).toMatchObject({
      'conversation.in_loop': 1,
      'conversation.failed_results': 1,
      'conversation.has_system': 0,
      'conversation.wants_shape': 0,
      'conversation.log_tools': Math.log1p(2),
      'conversation.log_turns': Math.log1p(1),
    })
    expect(features['conversation.code']).toBeGreaterThan(0)
    expect(Object.values(features).every(Number.isFinite)).toBe(true)
    expect(Object.keys(features).filter(name => !name.startsWith('conversation.'))).toEqual([])
  })
})
