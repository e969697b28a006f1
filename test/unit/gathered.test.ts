import { describe, expect, it } from 'vitest'
import { createGathered, gather } from '../../services/worker/infer/upstream/gathered.ts'

describe('gather()', () => {
  it('takes as many log-probabilities as one event of a stream can hold', () => {
    const gathered = createGathered()
    gather(gathered, { text: 'a', logprobs: [-1] }, 0)
    gather(gathered, { text: 'b', logprobs: Array.from({ length: 300_000 }, () => -0.5) }, 1)
    expect([gathered.text, gathered.logprobs.length, gathered.logprobs.at(-1)]).toEqual(['ab', 300_001, -0.5])
  })
})
