import { describe, expect, it } from 'vitest'
import type { Evidence } from '#services/contract/retrieval/evidence'
import { conversationOf } from '#services/contract/conversation'
import { createRequestId } from '#services/contract/ids'
import { ground } from '#services/decision/grounding/ground'
import { abstains, citationsIn } from '#services/decision/grounding/grounding-features'
import { addEvidence, questionOf } from '#services/router/retrieve/add-evidence'
import { withoutEvidence, type Admitted, type CheckedPart } from '#services/router/request/states'

const passages = [
  {
    documentId: 'ferry',
    chunk: 0,
    title: 'Timetable',
    text: 'The ferry to Moss sails at 09:30. Captain Inger Lund commands it. It carries 1,200 passengers.',
    similarity: 0.7,
  },
  { documentId: 'bakery', chunk: 2, text: 'Bread is sold from six o’clock in Horten.', similarity: 0.2 },
]
const evidence = (question: string): Evidence => ({ question, index: 'notes', indexVersion: 'a.1', passages, place: 0 })
const supportOf = (question: string, answer: string): number => ground(answer, evidence(question)).grounding.support

describe('support of an answer by its evidence', () => {
  const asked: readonly (readonly [string, string, readonly string[]])[] = [
    ['Who commands the ferry to Moss?', 'Inger Lund commands it [1].', ['Erik Berg commands it [1].', 'Horten.']],
    ['How many passengers does the ferry carry?', 'It carries 1200 passengers.', ['It carries 1400 passengers.', '12']],
    ['When does the ferry to Moss sail?', 'At 09:30 [1]', ['At 10:45 [1]', 'At 9:03 in the evening of May']],
  ]
  it.each(asked)('tells what is there from what is not: %s', (question, right, wrong) => {
    for (const other of wrong) expect(supportOf(question, right)).toBeGreaterThan(supportOf(question, other) + 0.2)
  })

  it('is little for an answer that only repeats the question, and for one without any evidence', () => {
    const question = 'Who commands the ferry to Moss?'
    expect(supportOf(question, 'The ferry to Moss.')).toBeLessThan(0.5)
    const nothing = { ...evidence(question), passages: [] }
    expect(ground('Inger Lund commands it.', nothing).grounding).toMatchObject({ isUngrounded: true, citations: [] })
  })

  it('trusts that the sources do not have it where they have little of the question', () => {
    const none = 'not in the sources'
    expect(supportOf('What does a submarine in Chile cost?', none)).toBeGreaterThan(
      supportOf('When does the ferry to Moss sail?', none) + 0.2,
    )
    expect(['It does not say.', 'The sources don’t mention it', 'Not found.', 'I cannot answer'].every(abstains)).toBe(
      true,
    )
    expect(['It is not far.', 'No, at nine.', 'It does not sail on Sunday'].some(abstains)).toBe(false)
  })

  it('lists the sources that there are, each once', () => {
    expect(citationsIn('So [2], and [1, 2]; also [7], [0] and a[1]', 2)).toEqual([2, 1])
    expect(ground('Yes [2].', evidence('Bread?')).grounding.citations).toEqual([
      { number: 2, documentId: 'bakery', chunk: 2 },
    ])
  })
})

describe('evidence in a request', () => {
  const text = (words: string): CheckedPart => ({ kind: 'text', text: words })
  const admitted = (more: Partial<Admitted>): Admitted => ({
    requestId: createRequestId(0),
    caller: { tenant: 't', credentialId: 'c', scopes: ['infer'] },
    request: { task: 'generate', parts: [], options: {}, constraints: { priority: 'normal' }, labels: {} },
    parts: [text('When?')],
    modalities: ['text'],
    mode: 'sync',
    submittedAt: 0,
    deadlineAt: 1,
    ...more,
  })
  const found = { question: 'When?', index: 'notes', indexVersion: 'a.1', passages }

  it('stands before what is asked, with numbered sources, and can be taken out again', () => {
    const plain = admitted({})
    const shown = addEvidence(plain, found)
    expect(shown.parts).toHaveLength(2)
    expect(shown.parts[0]).toMatchObject({ text: expect.stringMatching(/\[1\] Timetable\nThe ferry[^[]*\[2\] Bread/u) })
    expect(withoutEvidence(shown)).toMatchObject({ parts: plain.parts, request: plain.request })
  })

  it('is of the last message of the user in a conversation', () => {
    const { parts, messages } = conversationOf<CheckedPart>([
      { role: 'system', parts: [text('Be kind.')] },
      { role: 'user', parts: [text('Hello')] },
      { role: 'assistant', parts: [text('Hello!')] },
      { role: 'user', parts: [text('When does'), text('it sail?')] },
    ])
    const plain = admitted({ parts, request: { ...admitted({}).request, messages } })
    expect(questionOf(plain)).toBe('When does\nit sail?')
    const shown = addEvidence(plain, found)
    expect(shown.request.messages?.map(span => span.parts)).toEqual([1, 1, 1, 3])
    expect(shown.evidence?.place).toBe(3)
    expect(withoutEvidence(shown)).toMatchObject({ parts, request: { messages } })
  })
})
