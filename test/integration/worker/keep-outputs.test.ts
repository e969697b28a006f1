import { InferenceSession, Tensor } from 'onnxruntime-node'
import protobuf from 'protobufjs'
import { describe, expect, test } from 'vitest'
import { keepOutputs } from '#services/backends/onnx/keep-outputs'

const bytes = (write: (writer: protobuf.Writer) => void): Uint8Array => {
  const writer = protobuf.Writer.create()
  write(writer)
  return writer.finish()
}
const key = (field: number, type = 2): number => (field << 3) | type

/** float32 [2]. @source onnx.proto, ValueInfoProto and TypeProto */
const value = (name: string): Uint8Array => {
  const shape = bytes(one => one.uint32(key(1)).bytes(bytes(two => two.uint32(key(1, 0)).int64(2))))
  const tensor = bytes(one => one.uint32(key(1, 0)).int32(1).uint32(key(2)).bytes(shape))
  const type = bytes(one => one.uint32(key(1)).bytes(tensor))
  return bytes(one => one.uint32(key(1)).string(name).uint32(key(2)).bytes(type))
}
const negative = (from: string, to: string): Uint8Array =>
  bytes(one => one.uint32(key(1)).string(from).uint32(key(2)).string(to).uint32(key(4)).string('Neg'))

/** in → first → second, with both as outputs. */
const model = bytes(writer => {
  const graph = bytes(one => {
    for (const node of [negative('in', 'first'), negative('first', 'second')]) one.uint32(key(1)).bytes(node)
    one.uint32(key(2)).string('two outputs').uint32(key(11)).bytes(value('in'))
    for (const name of ['first', 'second']) one.uint32(key(12)).bytes(value(name))
  })
  writer.uint32(key(1, 0)).int64(8).uint32(key(7)).bytes(graph)
  writer.uint32(key(8)).bytes(bytes(one => one.uint32(key(2, 0)).int64(17)))
})

describe('keepOutputs()', () => {
  test.each([
    [
      ['first', 'second'],
      [-3, 4],
    ],
    [['second'], [3, -4]],
    [['first'], [-3, 4]],
  ])('leaves a graph that gives %s and computes as before', async (names, values) => {
    const session = await InferenceSession.create(keepOutputs(model, names))
    expect(session.outputNames).toEqual(names)
    const output = await session.run({ in: new Tensor('float32', [3, -4], [2]) })
    expect([...(output[names[0]!]!.data as Float32Array)]).toEqual(values)
    await session.release()
  })

  test('does not take what is no model for one', () => {
    expect(() => keepOutputs(Buffer.from([0x3a, 0xff, 0x01, 0x02]), [])).toThrow(/index out of range/u)
  })
})
