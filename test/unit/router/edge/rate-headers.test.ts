import { expect, it } from 'vitest'
import { rateHeaders } from '#services/router/edge/http/rate-headers'

const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 600) }

it.each([
  [0, '0s'],
  [119.2, '120ms'],
  [1000, '1s'],
  [7660, '7.66s'],
  [360_000, '6m0s'],
  [3_725_000, '1h2m5s'],
])('tells %d ms as OpenAI does: %s', (resetMs, text) => {
  const standing = { kind: 'requests', limit: 60, remaining: 59, resetMs } as const
  expect(rateHeaders([standing], 'openai', clock)).toEqual({
    'x-ratelimit-limit-requests': '60',
    'x-ratelimit-remaining-requests': '59',
    'x-ratelimit-reset-requests': text,
  })
})

it('tells tokens in the names of Anthropic, with the time of the reset', () => {
  const standing = { kind: 'tokens', limit: 1000, remaining: 0, resetMs: 60_000 } as const
  expect(rateHeaders([standing], 'anthropic', clock)).toEqual({
    'anthropic-ratelimit-tokens-limit': '1000',
    'anthropic-ratelimit-tokens-remaining': '0',
    'anthropic-ratelimit-tokens-reset': '2026-01-02T03:05:06Z',
  })
})
