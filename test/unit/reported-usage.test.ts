import { describe, expect, it } from 'vitest'
import { billedUsage, type Witnessed } from '../../services/worker/interpret/reported-usage.ts'

const witnessed: Witnessed = {
  parts: [{ kind: 'text', text: 'x'.repeat(4000) }],
  text: 'y'.repeat(400),
  maxOutputTokens: 1024,
  computeMs: 5,
}

describe('billedUsage()', () => {
  it('takes what the server told', () => {
    const reported = { inputTokens: 900, outputTokens: 100, cachedTokens: 64, reasoningTokens: 12 }
    expect(billedUsage(reported, witnessed)).toEqual({ ...reported, computeMs: 5 })
  })

  it.each([
    ['nothing', undefined],
    ['nothing of its output', { inputTokens: 1000 }],
    ['fewer tokens of input than any tokenizer makes', { inputTokens: 10, outputTokens: 100 }],
    ['no output, though there was some', { inputTokens: 1000, outputTokens: 0 }],
    ['more output than the cap allows', { inputTokens: 1000, outputTokens: 1_000_000 }],
    ['more input than there are bytes', { inputTokens: 1_000_000, outputTokens: 100 }],
  ])('bills by an estimate, and says so, where the server told %s', (_what, reported) => {
    expect(billedUsage(reported, witnessed)).toEqual({
      inputTokens: 1000,
      outputTokens: 100,
      computeMs: 5,
      estimated: true,
    })
  })

  it('leaves room for pictures', () => {
    const parts = [{ kind: 'image', bytes: new Uint8Array(), mediaType: 'image/png' } as const]
    const usage = billedUsage({ inputTokens: 1500, outputTokens: 100 }, { ...witnessed, parts })
    expect(usage).toMatchObject({ inputTokens: 1500, images: 1 })
  })
})
