import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import type { Answer } from '#services/contract/answer'
import { createRequestId } from '#services/contract/ids'
import type { LadderCache } from '#services/contract/model'
import { sameQuestion } from '#services/decision/same-question/same-question'
import { createAnswerCache } from '#services/router/cache/answer-cache'
import { cacheScopeOf } from '#services/router/cache/cache-scope'
import { finishedFrom } from '#services/router/cache/finished-from-cache'
import type { Admitted, GuidedLadder, Incoming, Reserved } from '#services/router/request/states'
import type { AnswerStore, KeptAnswer } from '#services/state/answers/answer-store'

const cache: LadderCache = { ttlSeconds: 60, tools: false, semantic: { leastProbability: 0.95 } }
const guided = (more: Partial<GuidedLadder['ladder']> = {}): GuidedLadder => ({
  ladder: { name: 'chat', task: 'generate', modalities: ['text'], rungs: [], cache, ...more },
})

function admitted(text: string, more: Partial<Admitted['request']> = {}, tenant = 'ada'): Admitted {
  const request = {
    task: 'generate' as const,
    parts: [],
    options: {},
    constraints: { priority: 'normal' as const },
    labels: {},
  }
  return {
    requestId: createRequestId(Date.now()),
    caller: { tenant, credentialId: 'c', scopes: ['infer'] },
    request: { ...request, ...more },
    parts: [{ kind: 'text', text }],
    modalities: ['text'],
    mode: 'sync',
    submittedAt: 0,
    deadlineAt: 1,
  }
}

describe('the place of an answer', () => {
  const keyOf = (one: Admitted, ladder = guided()) => cacheScopeOf(one, ladder)?.key
  const plain = keyOf(admitted('When?'))

  it('is one for the same request, however urgent, and another for whatever decides the answer', () => {
    const hurried = admitted('When?', { constraints: { priority: 'interactive', deadlineMs: 5 } })
    expect(keyOf(hurried)).toBe(plain)
    const others = [
      admitted('When'),
      admitted('When?', { options: { temperature: 1 } }),
      admitted('When?', { options: { instruction: 'Be kind.' } }),
      admitted('When?', { constraints: { priority: 'normal', maxRisk: 0.1 } }),
      { ...admitted('When?'), evidence: { question: '', index: 'a', indexVersion: '1', passages: [], place: 9 } },
      { ...admitted('When?'), evidence: { question: '', index: 'a', indexVersion: '2', passages: [], place: 9 } },
    ].map(one => keyOf(one))
    const fitted = (version: string): GuidedLadder => ({
      ...guided(),
      policy: { version } as NonNullable<GuidedLadder['policy']>,
    })
    const decidedBy = [guided({ name: 'other' }), fitted('one'), fitted('two')].map(by => keyOf(admitted('When?'), by))
    expect(new Set([plain, ...others, ...decidedBy]).size).toBe(10)
  })

  it('is none where the ladder keeps nothing, and for tools, keys and what guardrails rewrote', () => {
    const { cache: _none, ...off } = guided().ladder
    const tools = { options: { tools: [{ name: 'f', parametersJson: '{}' }] } }
    expect(cacheScopeOf(admitted('When?'), { ladder: off })).toBeUndefined()
    expect(keyOf(admitted('When?', tools))).toBeUndefined()
    expect(keyOf(admitted('When?', tools), guided({ cache: { ...cache, tools: true } }))).toBeDefined()
    expect(keyOf(admitted('When?', { idempotencyKey: 'k' }))).toBeUndefined()
  })

  it('has a question where that is all that is said', () => {
    expect(cacheScopeOf(admitted('When?'), guided())?.question).toBe('When?')
    const turns = [
      { role: 'user' as const, parts: 1 },
      { role: 'assistant' as const, parts: 1 },
      { role: 'user' as const, parts: 1 },
    ]
    const said = ['A?', 'B.', 'C?'].map(text => ({ kind: 'text' as const, text }))
    const scope = cacheScopeOf({ ...admitted('', { messages: turns }), parts: said }, guided())
    expect(scope).toMatchObject({ key: expect.any(String) })
    expect(scope?.question).toBeUndefined()
  })
})

describe('two questions', () => {
  const sure = 0.95
  it('are the same but for form and courtesy, and never where a number, a name or a negation differs', () => {
    const question = 'Can Anna return the laptop within 30 days?'
    expect(sameQuestion(question, 'can anna return the laptop within 30 days', 0.99)).toBeGreaterThan(sure)
    expect(sameQuestion(question, `Hello! Please, ${question}`, 0.97)).toBeGreaterThan(sure)
    for (const other of [
      'Can Anna return the laptop within 14 days?',
      'Can Omar return the laptop within 30 days?',
      'Can Anna not return the laptop within 30 days?',
      "Can't Anna return the laptop within 30 days?",
      'Can Anna return the camera within 30 days?',
      'Can Anna return the laptop after 30 days?',
    ]) {
      // However near their vectors are.
      expect(sameQuestion(question, other, 1), other).toBeLessThan(sure)
      expect(sameQuestion(other, question, 1)).toBeCloseTo(sameQuestion(question, other, 1), 10)
    }
  })
})

describe('the cache of answers', () => {
  const answer: Answer = {
    output: { kind: 'text', text: 'At nine.' },
    model: 'large',
    tier: 'large',
    confidence: 0.9,
    rungs: [],
    costNanoUsd: 500,
    usage: {},
    latencyMs: 5,
    policyVersion: 'p',
  }
  function open(likely?: { readonly key: string; readonly probability: number }) {
    const kept = new Map<string, KeptAnswer>()
    const requests = new Map<string, string>()
    const store: AnswerStore = {
      find: async (tenant, key) => kept.get(`${tenant} ${key}`),
      async keep(tenant, key, one) {
        kept.set(`${tenant} ${key}`, one)
      },
      async attribute(tenant, requestId, key) {
        requests.set(`${tenant} ${requestId}`, key)
      },
      async forget(tenant, requestId) {
        const key = requests.get(`${tenant} ${requestId}`)
        kept.delete(`${tenant} ${key ?? ''}`)
        return key
      },
    }
    const looks: string[] = []
    const works: Promise<unknown>[] = []
    const answers = createAnswerCache({
      ladders: { find: () => guided() },
      store,
      likeQuestions: { find: async () => likely, keep: async () => {} },
      looked: outcome => looks.push(outcome),
      background: work => works.push(work),
      clock: { now: () => 1000 },
      logger: pino({ level: 'silent' }),
    })
    const find = (one: Admitted) => answers.find({} as Incoming, one, AbortSignal.timeout(1000))
    const keep = async (one: Admitted, given = answer) => {
      answers.keep({ ...one, guided: guided() } as Reserved, finishedFrom(one, given, 0))
      await Promise.all(works)
    }
    return { ...answers, find, keep, looks }
  }

  it('gives the same request its answer for nothing, to its tenant alone, until it is called wrong', async () => {
    const { find, keep, forget, looks } = open()
    expect(await find(admitted('When?'))).toBeUndefined()
    await keep(admitted('When?'))
    const again = admitted('When?')
    const found = await find(again)
    expect(found).toMatchObject({
      requestId: again.requestId,
      end: { answer: { output: answer.output, costNanoUsd: 0, rungs: [{ model: 'cache', verdict: 'accepted' }] } },
    })
    expect(await find(admitted('When?', {}, 'bob'))).toBeUndefined()
    expect(await forget('bob', again.requestId)).toBe(false)
    expect(await forget('ada', again.requestId)).toBe(true)
    expect(await find(admitted('When?'))).toBeUndefined()
    expect(looks).toEqual(['miss', 'exact', 'miss', 'miss'])
  })

  it('gives a like question its answer by the probability that it is the same, within the limits of the request', async () => {
    const key = cacheScopeOf(admitted('When?'), guided())?.key ?? ''
    const ask = async (probability: number, constraints: Partial<Admitted['request']['constraints']> = {}) => {
      const opened = open({ key, probability })
      await opened.keep(admitted('When?'))
      const limits = { priority: 'normal', ...constraints } as const
      return (await opened.find(admitted('At what time?', { constraints: limits })))?.end
    }
    expect(await ask(0.96)).toMatchObject({ answer: { confidence: expect.closeTo(0.9 * 0.96, 9) } })
    expect(await ask(0.94)).toBeUndefined()
    expect(await ask(0.96, { maxRisk: 0.02 })).toBeUndefined()
    expect(await ask(0.96, { minQuality: 0.88 })).toBeUndefined()
  })

  it('keeps no answer that is cut, less than was asked for, or without support', async () => {
    const { find, keep } = open()
    await keep(admitted('When?'), { ...answer, degraded: 'budget' })
    await keep(admitted('When?'), { ...answer, output: { kind: 'text', text: 'At', finishReason: 'length' } })
    await keep(admitted('When?'), { ...answer, grounding: { support: 0.1, isUngrounded: true, citations: [] } })
    expect(await find(admitted('When?'))).toBeUndefined()
  })
})
