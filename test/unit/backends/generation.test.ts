import { describe, expect, it } from 'vitest'
import { interpretGeneration } from '#services/backends/answers/generation'
import { holdToToolChoice } from '#services/backends/answers/required-call'
import type { LegResult } from '#services/contract/answer'

const usage = { outputTokens: 4 }

describe('interpretGeneration()', () => {
  it('doubts an answer for its least likely tokens, not for their mean alone', () => {
    const even = interpretGeneration({ text: 'a', logprobs: Array(10).fill(-0.2), finishReason: 'stop' }, usage)
    const torn = interpretGeneration(
      { text: 'a', logprobs: [...Array(8).fill(0), -1, -1], finishReason: 'stop' },
      usage,
    )
    expect(even.signals['mean_logprob']).toBeCloseTo(torn.signals['mean_logprob']!)
    expect(even.rawConfidence).toBeCloseTo(Math.exp(-0.2))
    expect(torn.rawConfidence).toBeLessThan(even.rawConfidence)
    expect(torn.signals).toMatchObject({ min_logprob: -1, guess_ratio: 0.2 })
  })

  it('says nothing of its trust where the server gave no chances', () => {
    const { rawConfidence, signals } = interpretGeneration({ text: 'a b', logprobs: [], finishReason: 'stop' }, usage)
    expect(rawConfidence).toBe(0.5)
    expect(signals['has_logprobs']).toBe(0)
  })

  it('sees what was cut and what goes round in circles', () => {
    const said = (text: string, finishReason: string): Readonly<Record<string, number>> =>
      interpretGeneration({ text, logprobs: [-0.1], finishReason }, usage).signals
    expect(said('one two three four five six seven', 'length')).toMatchObject({ cut: 1, repetition: 0 })
    expect(said('and then he said no '.repeat(30), 'stop')['repetition']).toBeGreaterThan(0.9)
    expect(said('', 'stop')['repetition']).toBe(0)
  })

  it('gives finite signs for very long answers', () => {
    const logprobs = Array.from({ length: 300_000 }, () => -0.5)
    const { rawConfidence, signals } = interpretGeneration({ text: 'x', logprobs, finishReason: 'length' }, usage)
    expect([rawConfidence, ...Object.values(signals)].every(Number.isFinite)).toBe(true)
  })
})

describe('holdToToolChoice()', () => {
  const tools = [
    { name: 'weather', parametersJson: '{}' },
    { name: 'time', parametersJson: '{}' },
  ]
  const answered = (...names: string[]): LegResult =>
    interpretGeneration(
      {
        text: 'a',
        logprobs: [-0.1],
        finishReason: 'stop',
        toolCalls: names.map(name => ({ id: name, name, argumentsJson: '{}' })),
      },
      usage,
    )
  const note = (result: LegResult): string | undefined => result.caveats?.[0]?.note

  it.each([
    ['required', ['weather'], undefined],
    ['required', [], 'the answer calls no tool, though one was required'],
    ['time', ['weather', 'time'], undefined],
    ['time', ['weather'], 'the answer does not call the tool that was required'],
    ['time', [], 'the answer calls no tool, though one was required'],
    ['auto', [], undefined],
    ['none', [], undefined],
    [undefined, [], undefined],
  ])('with tool_choice %s holds an answer that calls %j to it', (toolChoice, called, expected) => {
    const held = holdToToolChoice(answered(...called), { tools, ...(toolChoice === undefined ? {} : { toolChoice }) })
    expect(note(held)).toBe(expected)
    expect(held.caveats?.[0]?.mostConfidence).toBe(expected === undefined ? undefined : 0)
  })

  it('asks nothing of an answer where there are no tools', () => {
    expect(holdToToolChoice(answered(), { toolChoice: 'required' })).toEqual(answered())
  })
})
