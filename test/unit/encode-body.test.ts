import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeBody } from '../../services/worker/infer/upstream/encode-body.ts'

const base64 = (bytes: number): string => Buffer.alloc(bytes, 7).toString('base64')

describe('encodeBody()', () => {
  it('writes what JSON writes, with media or without, whatever is beside them', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom(
        `data:image/png;base64,${base64(60_000)}`,
        base64(90_000),
        `"${base64(60_000)}\\`,
        'é'.repeat(70_000),
      ),
    )
    fc.assert(
      fc.property(
        fc.array(fc.record({ type: text, image_url: fc.record({ url: text }) }), { maxLength: 4 }),
        content => {
          const request = { model: 'm', messages: [{ role: 'user', content }], stream: true }
          expect(encodeBody(request).toString()).toBe(JSON.stringify(request))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('gives bytes where there is a medium, and a text where there is none', () => {
    expect(encodeBody({ url: base64(60_000) })).toBeInstanceOf(Buffer)
    expect(encodeBody({ url: base64(600) })).toBeTypeOf('string')
  })
})
