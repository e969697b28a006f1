import { describe, expect, it } from 'vitest'
import { deliver } from '#services/router/deliver/deliver'
import type { Finished } from '#services/router/request/states'
import type { ErrorCode } from '#services/contract/errors'
import { finishedWith } from '../../support/gateways/rpc-gateway.ts'

const rungs = [
  { model: 'tiny', tier: 'small', verdict: 'failed', reason: 'model-error', costNanoUsd: 1, latencyMs: 2, usage: {} },
] as const

const failed = (code: ErrorCode): Finished => ({
  ...finishedWith(''),
  end: { kind: 'failed', code, message: 'every rung failed', rungs, dead: false },
})

describe('deliver()', () => {
  it('gives the answer of a cascade that has one', () => {
    expect(deliver(finishedWith('yes')).output).toEqual({ kind: 'text', text: 'yes' })
  })

  it('throws what a failed cascade ended in, with the finding on every rung', () => {
    expect(() => deliver(failed('LadderFailed'))).toThrow(
      expect.objectContaining({
        code: 'LadderFailed',
        details: { stage: 'cascade', metadata: { tiny: 'failed: model-error' } },
      }),
    )
  })

  it('names the content when a worker found it bad', () => {
    expect(() => deliver(failed('InvalidRequest'))).toThrow(
      expect.objectContaining({
        details: expect.objectContaining({ violations: [{ field: 'content', description: 'every rung failed' }] }),
      }),
    )
  })

  it('throws Cancelled for a cascade that was cancelled', () => {
    expect(() => deliver({ ...finishedWith(''), end: { kind: 'cancelled', rungs } })).toThrow(
      expect.objectContaining({ code: 'Cancelled' }),
    )
  })
})
