import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { createFollower } from '#services/router/recovery/follow'
import type { CascadeLog, CascadeState } from '#services/state/cascade-log/cascade-log'
import { createRequestId, type RequestId } from '#services/contract/ids'

describe('follow()', () => {
  it('does not call gone what began to be followed while others were being read', async () => {
    const ended = { revision: 1, end: { kind: 'cancelled' } } as unknown as CascadeState
    const asked: RequestId[][] = []
    const answer: (() => void)[] = []
    const readMany = (ids: readonly RequestId[]): Promise<(CascadeState | undefined)[]> => {
      asked.push([...ids])
      return new Promise(resolve => answer.push(() => resolve(ids.map(() => ended))))
    }
    const follower = createFollower(
      { readMany } as unknown as CascadeLog,
      { intervalMs: 60_000 },
      pino({ enabled: false }),
    )
    const { signal } = new AbortController()
    const [first, second] = [createRequestId(1), createRequestId(2)]
    const one = follower.follow(first, signal)[Symbol.asyncIterator]().next()
    const two = follower.follow(second, signal)[Symbol.asyncIterator]().next()
    expect(asked).toEqual([[first]])
    answer[0]?.()
    expect((await one).value).toBe(ended)
    await expect.poll(() => asked.length).toBe(2)
    answer[1]?.()
    expect((await two).value).toBe(ended)
    follower.close()
  })
})
