import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { LegId } from '#services/contract/ids'
import type { ReplyMessage } from '#services/state/replies/reply-stream'
import { createOpenLegs, type OpenLeg, type OpenLegs } from '#services/worker/report/open-legs'

const legId = 'a.0' as LegId

function setUp(): {
  legs: OpenLegs
  leg: OpenLeg
  sent: ReplyMessage[]
  lost: AbortController
  failing: { times: number }
} {
  const failing = { times: 0 }
  const sent: ReplyMessage[] = []
  const legs = createOpenLegs(
    {
      send(_box, message) {
        if (failing.times > 0) {
          failing.times -= 1
          return Promise.reject(new Error('away'))
        }
        sent.push(message)
        return Promise.resolve()
      },
    },
    ms =>
      new Promise(resolve => {
        setTimeout(resolve, ms)
      }),
  )
  const lost = new AbortController()
  const leg = legs.open({ legId, attempt: 2, replyTo: 'router-1', deadlineAt: 1500, nowMs: 1000, lost: lost.signal })
  return { legs, leg, sent, lost, failing }
}

describe('createOpenLegs()', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('stops a leg that its caller left', () => {
    const { legs, leg } = setUp()
    legs.deliver({ kind: 'cancel', legId })
    expect([leg.signal.aborted, leg.stopped()]).toEqual([true, 'cancelled'])
  })

  it('stops a leg whose word to stop came while it was being begun', () => {
    const { legs, lost } = setUp()
    const other = 'b.0' as LegId
    legs.deliver({ kind: 'cancel', legId: other })
    const late = { legId: other, attempt: 1, replyTo: 'router-1', deadlineAt: 1500, nowMs: 1000, lost: lost.signal }
    expect(legs.open(late).stopped()).toBe('cancelled')
    expect(legs.open(late).stopped()).toBeUndefined()
  })

  it('stops a leg at its deadline', () => {
    const { leg } = setUp()
    vi.advanceTimersByTime(499)
    expect(leg.signal.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    expect(leg.stopped()).toBe('expired')
  })

  it('stops a leg whose lock was lost, and keeps the first reason', () => {
    const { legs, leg, lost } = setUp()
    lost.abort()
    legs.deliver({ kind: 'cancel', legId })
    expect(leg.stopped()).toBe('lost')
  })

  it('knows a leg only until it is closed', () => {
    const { legs, leg } = setUp()
    expect(legs.size).toBe(1)
    leg.close()
    legs.deliver({ kind: 'cancel', legId })
    expect([legs.size, leg.signal.aborted]).toEqual([0, false])
  })

  it('sends text with the characters before it counted', async () => {
    const { leg, sent } = setUp()
    await leg.send('one ')
    await leg.send('two')
    await vi.advanceTimersByTimeAsync(20)
    expect(sent).toEqual([
      { kind: 'delta', legId, attempt: 2, offset: 0, text: 'one ' },
      { kind: 'delta', legId, attempt: 2, offset: 4, text: 'two' },
    ])
  })

  it('sends the first piece at once, and those after it together every 20 ms', async () => {
    const { leg, sent } = setUp()
    for (let at = 0; at < 50; at += 1) {
      await leg.send(`${at} `)
      expect(sent).toHaveLength(1 + Math.floor((at * 2) / 20))
      await vi.advanceTimersByTimeAsync(2)
    }
    const texts = sent.map(one => (one.kind === 'delta' ? one.text : ''))
    expect(texts.slice(0, 2)).toEqual(['0 ', '1 2 3 4 5 6 7 8 9 '])
    expect(texts.join('')).toBe(Array.from({ length: 50 }, (_, at) => `${at} `).join(''))
  })

  it('sends what waits when it is let go of, and nothing after', async () => {
    const { leg, sent } = setUp()
    await leg.send('one ')
    await leg.send('two')
    leg.close()
    expect(sent).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(100)
    expect(sent).toHaveLength(2)
  })

  it('sends a piece again that Redis did not take, once', async () => {
    const { leg, sent, failing } = setUp()
    failing.times = 2
    const sending = leg.send('one')
    await vi.advanceTimersByTimeAsync(250)
    await sending
    expect(sent).toEqual([{ kind: 'delta', legId, attempt: 2, offset: 0, text: 'one' }])
  })

  it('holds the model back while more than the window is under way', async () => {
    const { legs, leg } = setUp()
    const free = vi.fn<() => void>()
    const sending = leg.send('x'.repeat(65_537)).then(free)
    await vi.advanceTimersByTimeAsync(10)
    expect(free).not.toHaveBeenCalled()
    legs.deliver({ kind: 'taken', legId, characters: 1 })
    await sending
    expect(free).toHaveBeenCalledOnce()
  })

  it('lets a held model go when the leg is stopped', async () => {
    const { legs, leg } = setUp()
    const sending = leg.send('x'.repeat(70_000))
    await vi.advanceTimersByTimeAsync(10)
    legs.deliver({ kind: 'cancel', legId })
    await expect(sending).resolves.toBeUndefined()
  })
})
