import { describe, expect, it } from 'vitest'
import { checkRequest, type RequestLimits } from '#services/router/admit/check-request'
import { conversationOf, partPath, type Message } from '#services/contract/conversation'
import type { Part, TaskOptions } from '#services/contract/content'
import { GatewayError } from '#services/contract/errors'
import type { InferenceRequest } from '#services/contract/request'

const limits: RequestLimits = {
  parts: 4,
  textCharacters: 100,
  messages: 20,
  conversationCharacters: 400,
  models: new Set(),
  ladders: new Set(),
  tiers: new Set(),
  labelSets: new Set(),
}

function faultsOf(changed: Partial<InferenceRequest>): readonly { field: string; description: string }[] {
  const base = { task: 'generate', parts: [], options: {}, constraints: { priority: 'normal' }, labels: {} } as const
  try {
    checkRequest({ ...base, ...changed }, limits)
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'InvalidRequest') throw error
    return error.details.violations ?? []
  }
  return []
}

const fieldsOf = (changed: Partial<InferenceRequest>): readonly string[] => faultsOf(changed).map(one => one.field)

const text = (words: string) => ({ kind: 'text', text: words }) as const
const call = (id: string, name = 'weather') => ({ kind: 'tool-call', id, name, argumentsJson: '{}' }) as const
const result = (callId: string, content = 'rain') => ({ kind: 'tool-result', callId, content }) as const
const image = { kind: 'image', source: { kind: 'bytes', bytes: new Uint8Array(1) } } as const
const thought = (more: object = {}) => ({ kind: 'reasoning', text: 'so', ...more }) as const
const say = (role: Message['role'], ...parts: readonly Part[]): Message => ({ role, parts })
const ask = say('user', text('a'))
const answer = say('assistant', text('b'))
const many = (count: number): readonly Message[] => Array.from({ length: count }, () => ask)
const json = (schemaJson: string): { options: TaskOptions } => ({
  options: { responseFormat: { kind: 'json-schema', schemaJson } },
})

describe('conversations', () => {
  it.each<[string, readonly Message[]]>([
    ['one question', [ask]],
    ['turns in turn', [say('system', text('s')), ask, answer, ask, answer, ask]],
    ['several questions in a row', [ask, ask, answer, answer, ask]],
    ['a system message in between', [ask, say('system', text('s')), ask]],
    ['an answer to be gone on with', [ask, answer]],
    ['an answer first', [answer, ask]],
    ['pictures beside words', [say('user', text('a'), image)]],
    [
      'a loop of tools with thinking',
      [
        ask,
        say('assistant', thought({ signature: 's', model: 'm' }), text(''), call('x'), call('y')),
        say('tool', result('y')),
        say('tool', result('x')),
        answer,
        ask,
      ],
    ],
    [
      'a loop whose turns use the same ids',
      [
        ask,
        say('assistant', call('x')),
        say('tool', result('x')),
        say('assistant', call('x')),
        say('tool', result('x')),
      ],
    ],
    ['a loop without the tools themselves', [ask, say('assistant', call('x')), say('tool', result('x', ''))]],
  ])('may be %s', (_what, messages) => {
    expect(faultsOf(conversationOf(messages))).toEqual([])
  })

  it.each<[string, readonly Message[], readonly string[]]>([
    ['that begin with a result', [say('tool', result('x')), ask], ['messages[0].parts[0].tool_result.call_id']],
    [
      'with a result of no call',
      [ask, say('assistant', call('x')), say('tool', result('x'), result('y'))],
      ['messages[2].parts[1].tool_result.call_id'],
    ],
    [
      'with two results of a call',
      [ask, say('assistant', call('x')), say('tool', result('x'), result('x'))],
      ['messages[2].parts[1].tool_result.call_id'],
    ],
    [
      'with a result that comes too late',
      [ask, say('assistant', call('x')), ask, say('tool', result('x'))],
      ['messages[2]', 'messages[3].parts[0].tool_result.call_id'],
    ],
    ['that end with a call', [ask, say('assistant', call('x'))], ['messages[1].parts[0].tool_call.id']],
    [
      'with one of two calls answered',
      [ask, say('assistant', call('x'), call('y')), say('tool', result('x')), answer],
      ['messages[3]'],
    ],
    [
      'with an id twice in a turn',
      [ask, say('assistant', call('x'), call('x')), say('tool', result('x'))],
      ['messages[1].parts[1].tool_call.id'],
    ],
    [
      'with a call without id and name',
      [ask, say('assistant', call('', 'no name')), say('tool', result(''))],
      ['messages[1].parts[0].tool_call.id', 'messages[1].parts[0].tool_call.name'],
    ],
    ['with a picture of the assistant', [ask, say('assistant', image), ask], ['messages[1].parts[0].image']],
    [
      'with a call of the user',
      [say('user', call('x'))],
      ['messages[0].parts[0].tool_call', 'messages[0].parts[0].tool_call.id'],
    ],
    ['with a picture in a system message', [say('system', image), ask], ['messages[0].parts[0].image']],
    ['with words of a tool', [ask, say('tool', text('a'))], ['messages[1].parts[0].text']],
    ['with an empty message', [ask, say('assistant')], ['messages[1].parts']],
    ['with an empty text', [say('user', text(' '))], ['messages[0].parts[0].text']],
    [
      'with thinking of nothing',
      [ask, say('assistant', { kind: 'reasoning', text: '' })],
      ['messages[1].parts[0].reasoning'],
    ],
    [
      'with a signature of nobody',
      [ask, say('assistant', thought({ signature: 's' }))],
      ['messages[1].parts[0].reasoning.model'],
    ],
    ['of the system alone', [say('system', text('s'))], ['messages']],
    ['of too many messages', many(21), ['messages']],
    ['with a message that is too long', [ask, say('user', text('y'.repeat(101)))], ['messages[1].parts']],
    ['that are too long', Array.from({ length: 5 }, () => say('user', text('y'.repeat(99)))), ['messages']],
    [
      'with five cache points',
      Array.from({ length: 5 }, () => say('user', { ...text('a'), cachePoint: true })),
      ['messages'],
    ],
  ])('%s are refused with the field', (_what, messages, fields) => {
    expect(fieldsOf(conversationOf(messages))).toEqual(fields)
  })

  it('are of generate alone', () => {
    expect(fieldsOf({ ...conversationOf([ask]), task: 'embed' })).toEqual(['messages'])
  })

  it.each<[string, Part, string]>([
    ['call', call('x'), 'content[1].tool_call'],
    ['result', result('x'), 'content[1].tool_result'],
    ['thinking', thought(), 'content[1].reasoning'],
  ])('hold what content does not: a %s', (_what, part, field) => {
    expect(fieldsOf({ parts: [text('a'), part] })).toEqual([field])
  })

  it('name a part as its caller wrote it', () => {
    const { messages } = conversationOf([say('user', text('a'), text('b')), answer, say('user', text('c'))])
    expect([0, 1, 2, 3].map(index => partPath(messages, index))).toEqual([
      'messages[0].parts[0]',
      'messages[0].parts[1]',
      'messages[1].parts[0]',
      'messages[2].parts[0]',
    ])
    expect(partPath(undefined, 2)).toBe('content[2]')
  })
})

describe('options of generate', () => {
  const question = { parts: [text('a')] }
  const schema = 'options.response_format.json_schema.schema_json'

  it.each([
    '{}',
    '{"type":"object","properties":{"a":{"$ref":"#/$defs/b"}},"$defs":{"b":{"type":"string","pattern":"^x"}}}',
    '{"$schema":"http://json-schema.org/draft-07/schema#","type":"array","items":{"enum":[{"type":"nonsense"}]}}',
    '{"type":"object","properties":{"pattern":{"type":"string"}}}',
  ])('take the schema %s', schemaJson => {
    expect(faultsOf({ ...question, ...json(schemaJson) })).toEqual([])
  })

  it.each([
    '',
    'no JSON',
    '[]',
    'true',
    '{"type":"text"}',
    '{"properties":[]}',
    '{"required":"a"}',
    '{"minimum":"1"}',
    '{"pattern":"("}',
    '{"$ref":"#/$defs/none"}',
    '{"$ref":"https://example.org/schema"}',
    '{"properties":{"a":{"items":{"type":7}}}}',
    `${'{"items":'.repeat(80)}{}${'}'.repeat(80)}`,
    `{"description":"${'x'.repeat(70_000)}"}`,
  ])('refuse what is no schema: %.40s', schemaJson => {
    expect(fieldsOf({ ...question, ...json(schemaJson) })).toEqual([schema])
  })

  it.each<[string, TaskOptions, readonly string[]]>([
    [
      'a budget over the cap',
      { reasoning: { maxTokens: 100 }, maxOutputTokens: 100 },
      ['options.reasoning.max_tokens'],
    ],
    ['a budget over the usual cap', { reasoning: { maxTokens: 1024 } }, ['options.reasoning.max_tokens']],
    ['a budget for none', { reasoning: { maxTokens: 10, effort: 'none' } }, ['options.reasoning.max_tokens']],
    ['no share of tokens', { topP: 0 }, ['options.top_p']],
    [
      'a penalty over 2',
      { presencePenalty: 2.1, frequencyPenalty: -3 },
      ['options.presence_penalty', 'options.frequency_penalty'],
    ],
    ['half a seed', { seed: 0.5 }, ['options.seed']],
    ['too many stops', { stop: Array.from({ length: 17 }, (_, at) => `${at}`) }, ['options.stop']],
    ['an empty stop', { stop: ['a', ''] }, ['options.stop[1]']],
    ['calls one by one without tools', { parallelToolCalls: false }, ['options.parallel_tool_calls']],
    ['a choice without tools', { toolChoice: 'required' }, ['options.tool_choice']],
  ])('refuse %s', (_what, options, fields) => {
    expect(fieldsOf({ ...question, options })).toEqual(fields)
  })
})
