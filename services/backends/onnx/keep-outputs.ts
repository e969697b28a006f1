import protobuf from 'protobufjs'

const { Reader, Writer } = protobuf

/** Field numbers of an ONNX model. @source onnx.proto: ModelProto, GraphProto, ValueInfoProto */
const [graphOfModel, outputOfGraph, nameOfValue] = [7, 12, 1]
const lengthDelimited = 2

/** A field of a message. */
interface Field {
  readonly number: number
  /** The field with its key. */
  readonly whole: Uint8Array
  /** The bytes within; empty unless it is length-delimited. */
  readonly body: Uint8Array
}

/**
 * Takes the outputs of a graph away that nobody asks for. The runtime computes what other nodes need all the same,
 * but it keeps each output of a graph until the run ends: the attention maps of Whisper small take 1.3 GB.
 */
export function keepOutputs(model: Uint8Array, names: readonly string[]): Uint8Array {
  const parts = fieldsOf(model).flatMap(field => {
    if (field.number !== graphOfModel) return [field.whole]
    const kept = fieldsOf(field.body).filter(one => one.number !== outputOfGraph || names.includes(nameOf(one)))
    const bytes = kept.reduce((sum, { whole }) => sum + whole.length, 0)
    const head = Writer.create()
      .uint32((graphOfModel << 3) | lengthDelimited)
      .uint32(bytes)
      .finish()
    return [head, ...kept.map(({ whole }) => whole)]
  })
  return Buffer.concat(parts)
}

function nameOf({ body }: Field): string {
  return Buffer.from(fieldsOf(body).find(({ number }) => number === nameOfValue)?.body ?? []).toString()
}

function fieldsOf(message: Uint8Array): readonly Field[] {
  const reader = Reader.create(message)
  const fields: Field[] = []
  while (reader.pos < reader.len) {
    const from = reader.pos
    const key = reader.uint32()
    const type = key & 7
    const body = type === lengthDelimited ? reader.bytes() : new Uint8Array()
    if (type !== lengthDelimited) reader.skipType(type)
    fields.push({ number: key >>> 3, whole: message.subarray(from, reader.pos), body })
  }
  return fields
}
