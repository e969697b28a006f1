import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRequestId, legIdOf } from '#services/contract/ids'
import type { Recipe } from '#services/contract/model'
import type { Backend, RunControl } from '#services/backends/backend'
import { countPassed } from '#services/worker/sandbox/count-passed'
import { programIn, withoutFence } from '#services/worker/sandbox/fences'
import { answerIn, matches } from '#services/worker/sandbox/patterns'
import type { CallEnd } from '#services/worker/sandbox/run-program'
import type { Sandboxes } from '#services/worker/sandbox/sandboxes'
import { isOfSchema, schemaFaultOf } from '#services/worker/sandbox/schemas'
import { agreeOn } from '#services/backends/answers/agreement'
import { readVerdict } from '#services/backends/answers/verdict'
import { boundsOf } from '#services/router/choose/worst-case-cost'
import { rungOf } from '../../support/builders.ts'
import { withRecipe } from '#services/worker/recipe/with-recipe'
import type { Outcome, Work } from '#services/backends/work'

const never = new AbortController().signal
const control: RunControl = { cancelled: () => false, signal: () => never, onDelta: async () => {} }

function work(recipe: Recipe): Work {
  return {
    legId: legIdOf(createRequestId(0), 0),
    attempt: 1,
    model: 'm',
    recipe,
    task: 'generate',
    options: {},
    parts: [{ kind: 'text', text: 'six times seven?' }],
    deadlineAt: Number.MAX_SAFE_INTEGER,
    streaming: true,
  }
}

function said(text: string, rawConfidence = 0.5, signals: Record<string, number> = {}): Outcome {
  const usage = { inputTokens: 10, outputTokens: 2 }
  return { kind: 'done', result: { output: { kind: 'text', text }, rawConfidence, signals, usage } }
}

const failed: Outcome = { kind: 'failed', reason: 'upstream-error', message: 'no', usage: { inputTokens: 1 } }

/** Gives these outcomes one after the other, and remembers what it was asked. */
function backendOf(outcomes: readonly Outcome[]): Backend & { readonly asked: Work[] } {
  const asked: Work[] = []
  return {
    asked,
    maxBatch: 1,
    concurrent: true,
    run: async batch => batch.map(one => outcomes[asked.push(one) - 1] ?? failed),
    close: async () => {},
  }
}

async function run(
  recipe: Recipe,
  outcomes: readonly Outcome[],
  verdict: Outcome = failed,
  sandboxes: Pick<Sandboxes, 'check'> = inProcess,
) {
  const backend = backendOf(outcomes)
  const questions: Work[] = []
  const ask = async (_model: string, question: Work): Promise<Outcome> => {
    questions.push(question)
    return verdict
  }
  const [outcome] = await withRecipe(backend, { askModel: ask, sandboxes }).run([work(recipe)], control)
  return { outcome, asked: backend.asked, questions }
}

/** Checks what can be checked without a process. */
const inProcess: Pick<Sandboxes, 'check'> = {
  async check({ order }) {
    if (order.kind === 'pattern') return { passed: matches(order.answer, order.pattern) }
    if (order.kind === 'schema') {
      const fault = schemaFaultOf(order.answer, order.schema)
      return fault === undefined ? { passed: true } : { passed: false, fault }
    }
    if (order.kind === 'program') throw new Error('no process could be started')
    const extracted = answerIn(order.text, order.pattern)
    return extracted === undefined ? {} : { extracted }
  },
}
/** Every check takes too long. */
const overTime: Pick<Sandboxes, 'check'> = { check: async () => ({}) }
/** No process can be had. */
const nobody: Pick<Sandboxes, 'check'> = { check: () => Promise.reject(new Error('no process could be started')) }

describe('withRecipe()', () => {
  it('lets a plain recipe through as it is', async () => {
    const { outcome, asked } = await run({ temperature: 0 }, [said('42')])
    expect(outcome).toEqual(said('42'))
    expect(asked[0]?.streaming).toBe(true)
  })

  it('gives what most samples agree on, pays for all of them, and trusts the share that agrees', async () => {
    const samples = [said('41', 0.9), said('42.', 0.3), said(' 42', 0.4), failed, said('42', 0.2)]
    const { outcome, asked } = await run({ samples: 5, seed: 7 }, samples)
    expect(outcome).toMatchObject({
      kind: 'done',
      result: {
        // The surest of those that agree.
        output: { text: ' 42' },
        rawConfidence: 0.6,
        signals: { samples: 5, agreement: 0.6 },
        usage: { inputTokens: 41, outputTokens: 8 },
      },
    })
    expect(asked.map(one => [one.streaming, one.recipe.temperature, one.recipe.seed])).toEqual(
      [7, 8, 9, 10, 11].map(seed => [false, 0.7, seed]),
    )
  })

  it('fails when every sample fails, and pays for what they used', async () => {
    const { outcome } = await run({ samples: 2 }, [failed, failed])
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'upstream-error', usage: { inputTokens: 2 } })
  })

  it('cuts the answer out of a chain of thought, and votes on it alone', async () => {
    const thoughts = ['6 × 7 = 42. Answer: 42', 'seven sixes. Answer: 42', 'Hm. Answer: 48']
    const { outcome } = await run(
      { samples: 3, answerPattern: 'Answer: (\\S+)' },
      thoughts.map(text => said(text)),
    )
    expect(outcome).toMatchObject({ result: { output: { text: '42' }, signals: { answer_found: 1 } } })
    const { outcome: lost } = await run({ answerPattern: 'Answer: (\\S+)' }, [said('I do not know', 0.8)])
    expect(lost).toMatchObject({ result: { output: { text: 'I do not know' }, signals: { answer_found: 0 } } })
    expect(lost?.kind === 'done' && lost.result.rawConfidence).toBeLessThan(0.1)
  })

  it('lets a program judge, whose no is hardly trusted', async () => {
    const verifier = { kind: 'regex', pattern: '\\d+' } as const
    expect((await run({ verifier }, [said('42', 0.9)])).outcome).toMatchObject({
      result: { rawConfidence: 0.9, signals: { verified: 1 } },
    })
    const { outcome } = await run({ verifier }, [said('forty-two', 0.9)])
    expect(outcome).toMatchObject({ result: { signals: { verified: 0 } } })
    expect(outcome?.kind === 'done' && outcome.result.rawConfidence).toBeLessThan(0.1)
  })

  it.each([
    { kind: 'regex', pattern: '(a+)+' },
    { kind: 'json-schema', schema: {} },
  ] as const)('takes an answer for refused that a program looks at for too long ($kind)', async verifier => {
    const { outcome } = await run({ verifier }, [said('42', 0.9)], failed, overTime)
    expect(outcome).toMatchObject({ result: { signals: { verified: 0 } } })
    expect(outcome?.kind === 'done' && outcome.result.rawConfidence).toBeLessThan(0.1)
  })

  it('says of an answer that nobody could look at it', async () => {
    const verifier = { kind: 'regex', pattern: '.*' } as const
    const { outcome } = await run({ verifier }, [said('42', 0.8)], failed, nobody)
    expect(outcome).toMatchObject({ result: { rawConfidence: 0.4, signals: { verifier_failed: 1 } } })
  })

  it('hardly trusts a text whose answer is not found in time', async () => {
    const { outcome } = await run({ answerPattern: '(a+)+' }, [said('aa', 0.8)], failed, overTime)
    expect(outcome).toMatchObject({ result: { output: { text: 'aa' }, signals: { answer_found: 0 } } })
  })

  it('lets a second model judge, at its own price', async () => {
    const verifier = { kind: 'model', model: 'judge', price: { perInputToken: 3, perOutputToken: 5 } } as const
    const { outcome, questions } = await run({ verifier }, [said('42', 0.64)], said('Yes', 0.81, { has_logprobs: 1 }))
    expect(outcome).toMatchObject({
      result: { rawConfidence: Math.sqrt(0.64 * 0.81), othersNanoUsd: 10 * 3 + 2 * 5, signals: { verified: 1 } },
    })
    expect(questions[0]?.parts).toMatchObject([{ text: expect.stringContaining('six times seven?') }])
    expect(questions[0]?.parts).toMatchObject([{ text: expect.stringContaining('42') }])
    const { outcome: unjudged } = await run({ verifier }, [said('42', 0.8)], failed)
    expect(unjudged).toMatchObject({
      result: { rawConfidence: 0.4, signals: { verifier_failed: 1 }, othersNanoUsd: 3 },
    })
  })
})

describe('agreeOn()', () => {
  it('takes answers that differ in dress alone for the same', () => {
    expect(agreeOn(['1,000', '1000.', 'One thousand', ' 1000 '])).toEqual({ winners: [0, 1, 3], ratio: 0.75 })
  })

  it('never counts an absent answer, and its ratio never passes one', () => {
    const answers = fc.array(fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }))
    const holds = (given: (string | undefined)[]): boolean => {
      const { winners, ratio } = agreeOn(given)
      return winners.every(place => given[place] !== undefined) && ratio >= 0 && ratio <= 1
    }
    expect(() => fc.assert(fc.property(answers, holds))).not.toThrow()
  })
})

describe('isOfSchema() and matches()', () => {
  const schema = { type: 'object', required: ['total'], properties: { total: { type: 'number' } } }

  it.each([
    ['{"total": 3.5}', true],
    ['```json\n{"total": 3.5}\n```', true],
    ['{"total": "3.5"}', false],
    ['total: 3.5', false],
    [`{"total": 3.5, "more": "${'x'.repeat(2_000_000)}"}`, false],
  ])('hold %.30j to a JSON schema', (answer, wanted) => {
    expect(isOfSchema(answer, schema)).toBe(wanted)
  })

  it('want the whole answer to match a pattern', () => {
    expect(['B', ' C\n', 'B or C'].map(answer => matches(answer, '[A-D]'))).toEqual([true, true, false])
  })
})

describe('withoutFence()', () => {
  it.each([
    ['plain', 'plain'],
    ['```\na\nb\n```', 'a\nb'],
    ['  ```json\n{}\n```\n\n', '{}'],
    ['```\n```', ''],
    ['```not one word\nx\n```', '```not one word\nx\n```'],
    ['```\nnever closed', '```\nnever closed'],
    ['```', '```'],
    ['``````', '``````'],
  ])('reads %j as %j', (text, inside) => {
    expect(withoutFence(text)).toBe(inside)
  })
})

describe('answerIn()', () => {
  it('takes the last match', () => {
    expect(answerIn('Answer: 3. No, wait. Answer: 4', 'Answer: (\\d)')).toBe('4')
    expect(answerIn('nothing', 'Answer: (\\d)')).toBeUndefined()
  })
})

describe('readVerdict()', () => {
  it('reads yes and no, and nothing into other words', () => {
    expect(readVerdict('Yes.', 0.8, true)).toBe(0.8)
    expect(readVerdict('**no**', 0.75, true)).toBe(0.25)
    expect(readVerdict('No', 0.2, false)).toBeCloseTo(0.1)
    expect(readVerdict('Perhaps', 0.9, true)).toBeUndefined()
  })
})

describe('a verifier of unit tests', () => {
  const verifier: Recipe['verifier'] = {
    kind: 'tests',
    language: 'javascript',
    cases: [
      { call: 'f(1)', gives: 2 },
      { call: 'f(2)', gives: [4] },
    ],
  }
  /** Gives for a program what stands in it. */
  const sandboxes: Pick<Sandboxes, 'check'> = {
    async check({ order }) {
      if (order.kind !== 'program') throw new Error('this checks programs')
      const values = order.program.split(';')
      return { calls: order.calls.map((_, place) => ({ kind: 'value', json: values[place] ?? '' })) }
    },
  }

  it('trusts a program by the share of cases that it passes', async () => {
    const half = await run({ verifier }, [said('2;3', 0.64)], failed, sandboxes)
    expect(half.outcome).toMatchObject({
      result: { rawConfidence: 0.64 / 16, signals: { verified: 0, verifier_score: 0.5 } },
    })
    const all = await run({ verifier }, [said('2;[4]', 0.64)], failed, sandboxes)
    expect(all.outcome).toMatchObject({ result: { rawConfidence: 0.8, signals: { verified: 1, verifier_score: 1 } } })
  })

  it('takes of several samples the one that passes most, whatever they agree on', async () => {
    const samples = [said('0;0', 0.9), said('0;0', 0.9), said('2;[4]', 0.3), said('2;0', 0.9)]
    const { outcome } = await run({ verifier, samples: 4 }, samples, failed, sandboxes)
    expect(outcome).toMatchObject({
      result: {
        output: { text: '2;[4]' },
        signals: { verified: 1, samples: 4, agreement: 0.25 },
        usage: { inputTokens: 40 },
      },
    })
  })

  it('says so when nobody could run it', async () => {
    const { outcome } = await run({ verifier }, [said('2;[4]', 0.6)])
    expect(outcome).toMatchObject({ result: { rawConfidence: 0.3, signals: { verifier_failed: 1 } } })
  })
})

describe('countPassed()', () => {
  const value = (json: string): CallEnd => ({ kind: 'value', json })
  it.each([
    ['numbers but for their rounding', { gives: 0.3 }, value(String(0.1 + 0.2)), 1],
    ['numbers that differ', { gives: 0.3 }, value('0.301'), 0],
    ['fields in any order', { gives: { a: 1, b: [2] } }, value('{"b":[2],"a":1}'), 1],
    ['a field too many', { gives: { a: 1 } }, value('{"a":1,"b":2}'), 0],
    ['a list for an object', { gives: {} }, value('[]'), 0],
    ['nothing for null', { gives: null }, value(''), 0],
    ['what should throw', { throws: true }, { kind: 'threw' } as const, 1],
    ['no program where something should throw', { throws: true }, { kind: 'stopped' } as const, 0],
  ])('looks at %s', (_what, expected, end, count) => {
    expect(countPassed([{ call: '', ...expected }], [end])).toBe(count)
  })
})

describe('programIn()', () => {
  it('takes what stands in fences, else all of it, without marks of modules', () => {
    expect(programIn('Here:\n```js\nexport function f() {}\n```\nand\n```\nlet a\n```\n')).toBe(
      'function f() {}\n\nlet a\n',
    )
    expect(programIn('```\nlet a')).toBe('```\nlet a')
    expect(programIn('export default async function f() {}')).toBe('async function f() {}')
  })
})

describe('a repair', () => {
  const schemaJson = '{"type":"object","required":["city"],"properties":{"city":{"type":"string","minLength":3}}}'
  const recipe: Recipe = { repair: true }
  const ask = async (outcomes: readonly Outcome[], more: Partial<Work> = {}) => {
    const backend = backendOf(outcomes)
    const one = { ...work(recipe), options: { responseFormat: { kind: 'json-schema', schemaJson } as const }, ...more }
    const askModel = (): Promise<Outcome> => Promise.resolve(failed)
    const [outcome] = await withRecipe(backend, { askModel, sandboxes: inProcess }).run([one], control)
    return { outcome, asked: backend.asked }
  }

  it('asks once more with the answer and what the validator found, and is paid for both', async () => {
    const { outcome, asked } = await ask([said('{"city":"A"}', 0.9), said('```json\n{"city":"Oslo"}\n```', 0.6)])
    expect(outcome).toMatchObject({
      kind: 'done',
      result: {
        output: { text: '{"city":"Oslo"}' },
        rawConfidence: 0.6,
        signals: { schema_valid: 1, repaired: 1 },
        usage: { inputTokens: 20, outputTokens: 4 },
      },
    })
    expect(outcome).not.toHaveProperty('result.caveats')
    expect(asked.map(({ streaming }) => streaming)).toEqual([false, false])
    expect(asked[1]?.messages).toEqual([
      { role: 'user', parts: 1 },
      { role: 'assistant', parts: 1 },
      { role: 'user', parts: 1 },
    ])
    const [, answer, wish] = asked[1]?.parts ?? []
    expect(answer).toEqual({ kind: 'text', text: '{"city":"A"}' })
    expect(wish).toMatchObject({ text: expect.stringMatching(/\/city must NOT have fewer than 3 characters/u) })
  })

  it('that does not help leaves the first answer, untrusted, so that the cascade goes on', async () => {
    for (const second of [said('still no JSON'), failed]) {
      const { outcome, asked } = await ask([said('no JSON', 0.9), second])
      expect(outcome).toMatchObject({
        kind: 'done',
        result: {
          output: { text: 'no JSON' },
          signals: { schema_valid: 0, repaired: 0 },
          caveats: [{ note: 'the answer is no JSON of the schema', mostConfidence: 0 }],
        },
      })
      expect(asked).toHaveLength(2)
    }
  })

  it('is not made of a valid answer, nor where no shape is wanted', async () => {
    expect((await ask([said('{"city":"Oslo"}')])).asked).toHaveLength(1)
    const plain = await ask([said('Oslo')], { options: {} })
    expect([plain.asked.length, plain.asked[0]?.streaming]).toEqual([1, true])
  })

  it('is reserved for', () => {
    const sizes = { textBytes: 10, images: 0, imageTokens: 0, audioMs: 0, parts: 1, drawn: 0 }
    const options = { maxOutputTokens: 100, responseFormat: { kind: 'json-schema', schemaJson } } as const
    const once = boundsOf(rungOf(), sizes, options, 1000)
    const twice = boundsOf(rungOf({}, { recipe }), sizes, options, 1000)
    expect([twice.outputTokens, twice.computeMs]).toEqual([200, 2000])
    expect(twice.inputTokens).toBeGreaterThanOrEqual(2 * (once.inputTokens ?? 0) + 100)
    expect(boundsOf(rungOf({}, { recipe }), sizes, { maxOutputTokens: 100 }, 1000).outputTokens).toBe(100)
  })
})
