import protobuf from 'protobufjs'

/** A linear layer and a sigmoid over standardised features: what the estimator is. */
export interface EstimatorGraph {
  /** float32 [features][models]. */
  readonly weights: readonly (readonly number[])[]
  /** float32 [models]. */
  readonly biases: readonly number[]
}

/** float32 in ONNX's list of types. */
const float32 = 1
/** IR 8 and opset 17 are read by every onnxruntime since 1.12. */
const irVersion = 8
const opset = 17

/** Writes the graph `features` float32 [1, n] → Gemm → Sigmoid → `quality` float32 [1, models]. @source onnx.proto3 of the ONNX project, for the field numbers */
export function writeEstimatorGraph({ weights, biases }: EstimatorGraph): Uint8Array {
  const features = weights.length
  const models = biases.length
  const graph = message(writer => {
    nested(writer, 1, node('Gemm', ['features', 'weights', 'biases'], 'logits'))
    nested(writer, 1, node('Sigmoid', ['logits'], 'quality'))
    writer.uint32(tag(2, 2)).string('estimator')
    nested(writer, 5, tensor('weights', [features, models], weights.flat()))
    nested(writer, 5, tensor('biases', [models], biases))
    nested(writer, 11, valueInfo('features', [1, features]))
    nested(writer, 12, valueInfo('quality', [1, models]))
  })
  return message(writer => {
    writer.uint32(tag(1, 0)).int64(irVersion)
    writer.uint32(tag(2, 2)).string('sluice')
    nested(writer, 7, graph)
    nested(
      writer,
      8,
      message(inner => inner.uint32(tag(2, 0)).int64(opset)),
    )
  })
}

function node(operator: string, inputs: readonly string[], output: string): Uint8Array {
  return message(writer => {
    for (const input of inputs) writer.uint32(tag(1, 2)).string(input)
    writer.uint32(tag(2, 2)).string(output)
    writer.uint32(tag(4, 2)).string(operator)
  })
}

function tensor(name: string, dims: readonly number[], values: readonly number[]): Uint8Array {
  return message(writer => {
    for (const dim of dims) writer.uint32(tag(1, 0)).int64(dim)
    writer.uint32(tag(2, 0)).int32(float32)
    writer.uint32(tag(8, 2)).string(name)
    writer.uint32(tag(9, 2)).bytes(new Uint8Array(Float32Array.from(values).buffer))
  })
}

function valueInfo(name: string, dims: readonly number[]): Uint8Array {
  const shape = message(writer => {
    for (const dim of dims)
      nested(
        writer,
        1,
        message(inner => inner.uint32(tag(1, 0)).int64(dim)),
      )
  })
  const tensorType = message(writer => {
    writer.uint32(tag(1, 0)).int32(float32)
    nested(writer, 2, shape)
  })
  return message(writer => {
    writer.uint32(tag(1, 2)).string(name)
    nested(
      writer,
      2,
      message(inner => nested(inner, 1, tensorType)),
    )
  })
}

function message(write: (writer: protobuf.Writer) => void): Uint8Array {
  const writer = protobuf.Writer.create()
  write(writer)
  return writer.finish()
}

function nested(writer: protobuf.Writer, field: number, bytes: Uint8Array): void {
  writer.uint32(tag(field, 2)).bytes(bytes)
}

/** Field number and wire type, as protocol buffers pack them. */
function tag(field: number, wireType: 0 | 2): number {
  return field * 8 + wireType
}
