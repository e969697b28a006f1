import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Base64Text } from '#services/backends/remote/wire/base64-text'
import { encodeBody } from '#services/backends/remote/wire/encode-body'

const bytesOf = (length: number): Buffer => Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 7) % 256))

describe('encodeBody()', () => {
  it('writes what JSON writes, with media or without, whatever is beside them', () => {
    const words = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.constantFrom('é'.repeat(70_000), '"\\'))
    const medium = fc.record({ length: fc.constantFrom(0, 1, 2, 3, 24_575, 24_576, 24_577, 60_000, 1_000_001) })
    fc.assert(
      fc.property(
        fc.array(fc.record({ type: words, url: fc.oneof(words, medium) }), { maxLength: 4 }),
        fc.constantFrom('', 'data:image/png;base64,'),
        (content, head) => {
          const requestOf = (write: (bytes: Buffer) => unknown): object => ({
            model: 'm',
            messages: content.map(({ type, url }) => ({
              type,
              url: typeof url === 'string' ? url : write(bytesOf(url.length)),
            })),
          })
          const sent = encodeBody(requestOf(bytes => new Base64Text(bytes, head)))
          expect(sent.toString()).toBe(JSON.stringify(requestOf(bytes => head + bytes.toString('base64'))))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('gives bytes where there is a medium, and a text where there is none', () => {
    expect(encodeBody({ data: new Base64Text(bytesOf(600)) })).toBeInstanceOf(Buffer)
    expect(encodeBody({ data: bytesOf(600).toString('base64') })).toBeTypeOf('string')
  })
})

describe('Base64Text', () => {
  it('tells as much as it writes, of a part of a larger memory too', () => {
    const bytes = new Uint8Array(bytesOf(100).buffer, 10, 50)
    const text = new Base64Text(bytes, 'data:,')
    expect(text.toString()).toBe(`data:,${Buffer.from(bytes).toString('base64')}`)
    expect(text.length).toBe(text.toString().length)
    const target = Buffer.alloc(text.length + 2, '.')
    expect(text.writeInto(target, 1)).toBe(text.length + 1)
    expect(target.toString()).toBe(`.${text.toString()}.`)
  })
})
