import { describe, expect, it } from 'vitest'
import { createTextRelay } from '#services/router/cascade/leg/text-relay'
import { createRequestId, legIdOf } from '#services/contract/ids'
import { callDeltaLines, type ToolCallDelta } from '#services/contract/answer'
import type { ReplyMessage } from '#services/state/replies/reply-stream'

function setUp(hold?: Promise<void>) {
  const texts: string[] = []
  const calls: ToolCallDelta[] = []
  const sent: ReplyMessage[] = []
  const legId = legIdOf(createRequestId(0), 0)
  const relay = createTextRelay(
    { legId, model: 'm' },
    async event => {
      if (event.kind === 'delta') texts.push(event.text)
      if (event.kind === 'tool-call') {
        const { kind: _kind, model: _model, optimistic: _optimistic, ...delta } = event
        calls.push(delta)
      }
      await hold
    },
    { send: async (_box, message) => void sent.push(message) },
  )
  return { relay, texts, calls, sent }
}

describe('createTextRelay()', () => {
  it('passes pieces on in order and the rest of the whole text at the end', async () => {
    const { relay, texts } = setUp()
    relay.take({ offset: 0, text: 'Once ' })
    relay.take({ offset: 5, text: 'upon ' })
    expect(await relay.complete({ kind: 'text', text: 'Once upon a time' })).toBe(true)
    expect(texts.join('')).toBe('Once upon a time')
  })

  it('passes nothing twice when a second attempt starts again', async () => {
    const { relay, texts } = setUp()
    relay.take({ offset: 0, text: 'Once upon' })
    relay.take({ offset: 0, text: 'Once ' })
    relay.take({ offset: 5, text: 'upon a' })
    expect(await relay.complete({ kind: 'text', text: 'Once upon a time' })).toBe(true)
    expect(texts.join('')).toBe('Once upon a time')
  })

  it('mends a lost piece from the whole text', async () => {
    const { relay, texts } = setUp()
    relay.take({ offset: 0, text: 'Once ' })
    relay.take({ offset: 10, text: 'a ' })
    expect(await relay.complete({ kind: 'text', text: 'Once upon a time' })).toBe(true)
    expect(texts.join('')).toBe('Once upon a time')
  })

  it('says that the stream broke when a second attempt tells another story', async () => {
    const { relay } = setUp()
    relay.take({ offset: 0, text: 'Once upon' })
    relay.take({ offset: 0, text: 'There was' })
    expect(await relay.complete({ kind: 'text', text: 'There was a time' })).toBe(false)
  })

  it('tells the worker how much was taken only after the caller took it', async () => {
    let release: () => void = () => {}
    const { relay, sent } = setUp(new Promise<void>(done => (release = done)))
    relay.startedOn('worker-1')
    relay.take({ offset: 0, text: 'x'.repeat(9000) })
    await new Promise(done => setImmediate(done))
    expect(sent).toEqual([])
    release()
    await relay.complete({ kind: 'text', text: 'x'.repeat(9000) })
    expect(sent).toMatchObject([{ kind: 'taken', characters: 9000 }])
  })

  it('costs no more a piece as the text grows: a long answer in small pieces takes little time', async () => {
    const { relay, texts } = setUp()
    const piece = 'x'.repeat(1000)
    const pieces = 20_000
    const startedAt = performance.now()
    for (let index = 0; index < pieces; index += 1) {
      relay.take({ offset: index * piece.length, text: piece })
      if (index % 100 === 0) await new Promise(done => setImmediate(done))
    }
    expect(await relay.complete({ kind: 'text', text: piece.repeat(pieces) })).toBe(true)
    expect(texts.join('').length).toBe(pieces * piece.length)
    // Copying all that has come at each piece would take minutes.
    expect(performance.now() - startedAt).toBeLessThan(10_000)
  })

  describe('with calls of tools', () => {
    const call = { id: 'a', name: 'weather', argumentsJson: '{"city":"Oslo"}' }
    const lines = (...deltas: readonly ToolCallDelta[]): string => callDeltaLines(deltas)
    const begun = lines({ index: 0, id: 'a', name: 'weather', argumentsJson: '{"city":' })
    const whole = { kind: 'text', text: '', toolCalls: [call], finishReason: 'tool_calls' } as const

    it('passes on their pieces, and the rest at the end', async () => {
      const { relay, calls } = setUp()
      relay.take({ offset: 0, text: begun.slice(0, 20), of: 'tool-calls' })
      relay.take({ offset: 20, text: begun.slice(20), of: 'tool-calls' })
      await relay.passedOn()
      expect(calls).toEqual([{ index: 0, id: 'a', name: 'weather', argumentsJson: '{"city":' }])
      expect(await relay.complete(whole)).toBe(true)
      expect(calls.slice(1)).toEqual([{ index: 0, argumentsJson: '"Oslo"}' }])
    })

    it('passes them on whole where no piece has come', async () => {
      const { relay, calls } = setUp()
      expect(await relay.complete(whole)).toBe(true)
      expect(calls).toEqual([{ index: 0, ...call }])
    })

    it.each([
      ['another id', { ...whole, toolCalls: [{ ...call, id: 'b' }] }],
      ['other arguments', { ...whole, toolCalls: [{ ...call, argumentsJson: '{"place":1}' }] }],
      ['no call', { kind: 'text', text: 'Rain.', finishReason: 'stop' } as const],
    ])('says that the stream broke where the answer has %s', async (_what, output) => {
      const { relay } = setUp()
      relay.take({ offset: 0, text: begun, of: 'tool-calls' })
      expect(await relay.complete(output)).toBe(false)
    })

    it('lets the cap on output cut one that was shown', async () => {
      const { relay } = setUp()
      relay.take({ offset: 0, text: begun, of: 'tool-calls' })
      expect(await relay.complete({ kind: 'text', text: '', finishReason: 'length' })).toBe(true)
    })
  })
})
