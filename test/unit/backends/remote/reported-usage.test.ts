import { describe, expect, it } from 'vitest'
import { billedUsage, type Witnessed } from '#services/backends/remote/reported-usage'

const witnessed: Witnessed = {
  parts: [{ kind: 'text', text: 'ab c'.repeat(1000) }],
  text: 'de f'.repeat(100),
  maxOutputTokens: 1024,
  computeMs: 5,
}

describe('billedUsage()', () => {
  it('takes what the server told', () => {
    const reported = { inputTokens: 900, outputTokens: 100, cachedTokens: 64, reasoningTokens: 12 }
    expect(billedUsage(reported, witnessed)).toEqual({ usage: { ...reported, computeMs: 5 }, oddities: [] })
  })

  it.each([
    ['nothing', undefined, { inputTokens: 1000, outputTokens: 100 }, 'usage-missing'],
    ['nothing of its output', { inputTokens: 1100 }, { inputTokens: 1100, outputTokens: 100 }, 'usage-partial'],
    ['nothing of its input', { outputTokens: 90 }, { inputTokens: 1000, outputTokens: 90 }, 'usage-partial'],
    [
      'fewer tokens of input than any tokenizer makes',
      { inputTokens: 10, cachedTokens: 2, outputTokens: 90 },
      { inputTokens: 1000, outputTokens: 90 },
      'usage-too-few',
    ],
    [
      'no output, though there was some',
      { inputTokens: 1100, outputTokens: 0 },
      { inputTokens: 1100, outputTokens: 100 },
      'usage-too-few',
    ],
  ])('estimates what the server did not count, and says so, where it told %s', (_what, reported, usage, oddity) => {
    expect(billedUsage(reported, witnessed)).toEqual({
      usage: { ...usage, computeMs: 5, estimated: true },
      oddities: [oddity],
    })
  })

  it.each([
    ['more output than the cap allows', { inputTokens: 1000, outputTokens: 1_000_000 }, 'output-over-cap'],
    ['more input than there are bytes', { inputTokens: 1_000_000, outputTokens: 100 }, 'input-over-bound'],
  ])('bills %s as it is told, and counts it as odd', (_what, reported, oddity) => {
    expect(billedUsage(reported, witnessed)).toEqual({ usage: { ...reported, computeMs: 5 }, oddities: [oddity] })
  })

  it('believes what a model makes of a picture, however much', () => {
    const parts = [{ kind: 'image', bytes: new Uint8Array(), mediaType: 'image/png' } as const]
    const usage = billedUsage({ inputTokens: 25_514, outputTokens: 100 }, { ...witnessed, parts })
    expect(usage).toEqual({ usage: { inputTokens: 25_514, outputTokens: 100, images: 1, computeMs: 5 }, oddities: [] })
  })

  it('takes a run of one character for as little as it can be', () => {
    const long = { ...witnessed, parts: [{ kind: 'text', text: ' '.repeat(4000) } as const] }
    expect(billedUsage({ inputTokens: 40, outputTokens: 100 }, long).usage).not.toHaveProperty('estimated')
  })
})
