import { describe, expect, it } from 'vitest'
import { tensorFromWire } from '#services/wire/convert/tensors'

/** A tensor of one element, by the bits that a server sends. */
function elementOf(datatype: string, bits: number): unknown {
  const raw = Buffer.alloc(2)
  raw.writeUInt16LE(bits)
  return tensorFromWire({ name: 't', datatype, shape: [1], contents: null }, raw)?.values[0]
}

describe('tensorFromWire()', () => {
  // @source IEEE 754-2019, binary16, and bfloat16 as the upper half of binary32
  it.each([
    ['FP16', 0x3c00, 1],
    ['FP16', 0xc000, -2],
    ['FP16', 0x7bff, 65_504],
    ['FP16', 0x0001, 2 ** -24],
    ['FP16', 0x03ff, 1023 * 2 ** -24],
    ['FP16', 0x0400, 2 ** -14],
    ['FP16', 0x3555, 0.333251953125],
    ['FP16', 0x8000, -0],
    ['FP16', 0x7c00, Infinity],
    ['FP16', 0xfc00, -Infinity],
    ['FP16', 0x7e00, Number.NaN],
    ['BF16', 0x3f80, 1],
    ['BF16', 0xc000, -2],
    ['BF16', 0x7f7f, 255 * 2 ** 120],
    ['BF16', 0x0001, 2 ** -133],
    ['BF16', 0x3eab, 0.333984375],
    ['BF16', 0x7f80, Infinity],
    ['BF16', 0x7fc0, Number.NaN],
  ])('reads %s of the bits %i', (datatype, bits, number) => {
    expect(elementOf(datatype, bits)).toBe(number)
  })

  it.each(['BYTES', 'BOOL', 'INT8', 'FP16'])('reads %s of no elements', datatype => {
    const tensor = tensorFromWire({ name: 't', datatype, shape: [0], contents: null }, undefined)
    expect(tensor).toEqual({ datatype, shape: [0], values: [] })
  })

  it('does not read a datatype that is none, or contents of another size', () => {
    const head = { name: 't', shape: [2], contents: null }
    expect(tensorFromWire({ ...head, datatype: 'FP8' }, Buffer.alloc(2))).toBeUndefined()
    expect(tensorFromWire({ ...head, datatype: 'toString' }, Buffer.alloc(2))).toBeUndefined()
    expect(tensorFromWire({ ...head, datatype: 'INT16' }, Buffer.alloc(3))).toBeUndefined()
    expect(tensorFromWire({ ...head, datatype: 'INT16' }, Buffer.alloc(2))).toBeUndefined()
    expect(tensorFromWire({ ...head, datatype: 'BOOL' }, Buffer.alloc(3))).toBeUndefined()
  })
})
