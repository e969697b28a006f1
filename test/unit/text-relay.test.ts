import { describe, expect, it } from 'vitest'
import { createTextRelay } from '#services/router/cascade/leg/text-relay'
import { createRequestId, legIdOf } from '#services/contract/ids'
import type { Mail } from '#services/state/replies/mailbox'

function setUp(hold?: Promise<void>) {
  const texts: string[] = []
  const sent: Mail[] = []
  const legId = legIdOf(createRequestId(0), 0)
  const relay = createTextRelay(
    { legId, model: 'm' },
    async event => {
      if (event.kind === 'delta') texts.push(event.text)
      await hold
    },
    { send: async (_box, mail) => void sent.push(mail) },
  )
  return { relay, texts, sent }
}

describe('createTextRelay()', () => {
  it('passes pieces on in order and the rest of the whole text at the end', async () => {
    const { relay, texts } = setUp()
    relay.take(1, 0, 'Once ')
    relay.take(1, 5, 'upon ')
    expect(await relay.complete('Once upon a time')).toBe(true)
    expect(texts.join('')).toBe('Once upon a time')
  })

  it('passes nothing twice when a second attempt begins anew', async () => {
    const { relay, texts } = setUp()
    relay.take(1, 0, 'Once upon')
    relay.take(2, 0, 'Once ')
    relay.take(2, 5, 'upon a')
    expect(await relay.complete('Once upon a time')).toBe(true)
    expect(texts.join('')).toBe('Once upon a time')
  })

  it('mends a lost piece from the whole text', async () => {
    const { relay, texts } = setUp()
    relay.take(1, 0, 'Once ')
    relay.take(1, 10, 'a ')
    expect(await relay.complete('Once upon a time')).toBe(true)
    expect(texts.join('')).toBe('Once upon a time')
  })

  it('says that the stream broke when a second attempt tells another story', async () => {
    const { relay } = setUp()
    relay.take(1, 0, 'Once upon')
    relay.take(2, 0, 'There was')
    expect(await relay.complete('There was a time')).toBe(false)
  })

  it('tells the worker how much was taken only after the caller took it', async () => {
    let release: () => void = () => {}
    const { relay, sent } = setUp(new Promise<void>(done => (release = done)))
    relay.startedOn('worker-1')
    relay.take(1, 0, 'x'.repeat(9000))
    await new Promise(done => setImmediate(done))
    expect(sent).toEqual([])
    release()
    await relay.complete('x'.repeat(9000))
    expect(sent).toMatchObject([{ kind: 'taken', characters: 9000 }])
  })
})
