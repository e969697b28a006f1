import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { holdBackHalf, wellFormed } from '#services/wire/well-formed'
import { packageRoot } from '#services/config/load-config'
import type { LegId } from '#services/contract/ids'
import type { ReplyMessage } from '#services/state/replies/reply-stream'
import { loadServices } from '#services/wire/load-proto'
import { createOpenLegs } from '#services/worker/report/open-legs'

const high = '\ud83c'
const low = '\udf89'
const mark = '\ufffd'

/** Texts as servers send them: whole letters, and halves of pairs wherever they like. */
const texts = fc
  .array(fc.constantFrom('a', 'é', '世', '🎉', high, low), { maxLength: 12 })
  .map(letters => letters.join(''))

describe('wellFormed()', () => {
  it('mends every text of a value, also names of fields, and leaves the rest as it is', () => {
    const bytes = Uint8Array.of(237, 160, 188)
    const value = {
      text: `a${high}`,
      calls: [{ name: `${low}n`, argumentsJson: '{}' }],
      labels: { [`k${high}`]: low },
      values: [0.5, 1],
      bytes,
      none: undefined,
      nothing: null,
    }
    const mended = wellFormed(value)
    expect(mended).toEqual({
      text: `a${mark}`,
      calls: [{ name: `${mark}n`, argumentsJson: '{}' }],
      labels: { [`k${mark}`]: mark },
      values: [0.5, 1],
      bytes,
      none: undefined,
      nothing: null,
    })
    expect(mended.bytes).toBe(bytes)
    expect(value.text).toBe(`a${high}`)
  })

  it('gives what is well-formed as it came', () => {
    const value = { text: '🎉', list: [{ one: 'é' }], error: new Error('no') }
    expect(wellFormed(value)).toBe(value)
  })
})

describe('holdBackHalf()', () => {
  it('holds back a first half alone', () => {
    expect(holdBackHalf(`a${high}`)).toEqual({ whole: 'a', half: high })
    expect(holdBackHalf('a🎉')).toEqual({ whole: 'a🎉', half: '' })
    expect(holdBackHalf(`a${low}`)).toEqual({ whole: `a${low}`, half: '' })
    expect(holdBackHalf('')).toEqual({ whole: '', half: '' })
  })
})

describe('the text of a leg, piece by piece', () => {
  const send = async (pieces: readonly string[]): Promise<readonly string[]> => {
    const sent: ReplyMessage[] = []
    const legs = createOpenLegs({ send: (_box, message) => Promise.resolve(void sent.push(message)) }, () =>
      Promise.resolve(),
    )
    const lost = new AbortController().signal
    const leg = legs.open({ legId: 'a.0' as LegId, attempt: 1, replyTo: 'r', deadlineAt: 60_000, nowMs: 0, lost })
    for (const piece of pieces) await leg.send(piece)
    leg.close()
    // What waited goes out by itself.
    await new Promise(setImmediate)
    let at = 0
    return sent.map(message => {
      if (message.kind !== 'delta') throw new Error(`there is message of kind ${message.kind}`)
      expect(message.offset).toBe(at)
      at += message.text.length
      return message.text
    })
  }

  it('joins halves that come apart', async () => {
    expect(await send([`Well done ${high}`, `${low} all`])).toEqual(['Well done ', '🎉 all'])
  })

  it('holds no half back for ever when more comes', async () => {
    expect((await send(['a', high, 'b', high, high, low])).join('')).toBe(`a${mark}b${mark}🎉`)
  })

  it('is the whole text in the end, however it was cut, but for a half at its end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(texts, { maxLength: 6 }), async pieces => {
        const sent = await send(pieces)
        expect(sent.every(text => text.isWellFormed() && text !== '')).toBe(true)
        const whole = pieces.join('').toWellFormed()
        const { half } = holdBackHalf(pieces.join(''))
        expect(sent.join('')).toBe(half === '' ? whole : whole.slice(0, -1))
      }),
    )
  })
})

describe('what leaves by gRPC', () => {
  it.each(['request', 'response'] as const)('holds no half of a surrogate pair (%s)', side => {
    const service = loadServices(packageRoot())['sluice.v1.Gateway']
    if (service === undefined || 'format' in service) throw new Error('there is no such service')
    const infer = service['Infer']
    const bytes =
      side === 'response'
        ? infer?.responseSerialize({
            output: { text: `a${high}`, toolCalls: [{ id: low, name: 'n', argumentsJson: high }] },
          })
        : infer?.requestSerialize({ content: [{ text: `a${high}` }], labels: { [`k${low}`]: 'v' } })
    expect(bytes?.includes(`a${mark}`)).toBe(true)
    // The first byte of a half that is written as it is, with a second byte that UTF-8 does not have there.
    const halves = [...(bytes ?? [])].filter((byte, at, all) => byte === 0xed && (all[at + 1] ?? 0) >= 0xa0)
    expect(halves).toEqual([])
  })
})
