import protobuf from 'protobufjs'
import { denseRate, meaningScale, type EstimatorGraph } from '#services/calibrate/estimator-graph'

/** float32 in ONNX's list of types. */
const float32 = 1
/** IR 8 and opset 17 are read by every onnxruntime since 1.12. */
const irVersion = 8
const opset = 17

interface Tensor {
  readonly name: string
  readonly dims: readonly number[]
  readonly values: ArrayLike<number>
}

/** The graph as it grows: nodes in their order, constants, inputs. */
interface Draft {
  readonly nodes: Uint8Array[]
  readonly tensors: Tensor[]
  readonly inputs: [name: string, width: number][]
}

/**
 * Writes the graph. Inputs, float32 [1, n] each: `features`; `embedding` where there is an encoder; `grams` (square
 * roots of counts) where they count. Output: `quality` float32 [1, models], within 0.001 and 0.999.
 * @source onnx.proto3 of the ONNX project, for the field numbers
 */
export function writeEstimatorGraph(graph: EstimatorGraph): Uint8Array {
  const models = graph.biases.length
  const draft: Draft = { nodes: [], tensors: [], inputs: [] }
  constant(draft, 'biases', [1, models], graph.biases)
  const terms = ['biases', ...denseTerm(draft, graph)]
  if (graph.embeddings.length > 0) terms.push(meaningTerm(draft, graph))
  if (graph.gramWeights.length > 0) terms.push(gramTerm(draft, graph))
  const sum = terms.reduce((left, right) => apply(draft, 'Add', [left, right]))
  constant(draft, 'least', [], [0.001])
  constant(draft, 'most', [], [0.999])
  draft.nodes.push(node('Clip', [sum, 'least', 'most'], 'quality'))
  return modelOf(draft, models)
}

/** exp(-rate |x - z|²) = exp(2 rate x·z - rate |x|² - rate |z|²), weighed. */
function denseTerm(draft: Draft, graph: EstimatorGraph): readonly string[] {
  const kept = graph.dense
  const width = kept[0]?.length ?? 0
  draft.inputs.push(['features', width])
  if (width === 0) return [constantTerm(draft, graph)]
  const rate = denseRate(width, graph)
  constant(draft, 'kept features', [width, kept.length], columnsOf(kept, width, 2 * rate))
  constant(
    draft,
    'kept lengths',
    [1, kept.length],
    kept.map(row => -rate * row.reduce((sum, x) => sum + x * x, 0)),
  )
  constant(draft, 'minus rate', [width, 1], new Float32Array(width).fill(-rate))
  constant(draft, 'feature weights', [kept.length, graph.weights.length], byRow(graph.weights, kept.length, 1))
  const products = apply(draft, 'MatMul', ['features', 'kept features'])
  const lengths = apply(draft, 'MatMul', [apply(draft, 'Mul', ['features', 'features']), 'minus rate'])
  const exponent = apply(draft, 'Add', [apply(draft, 'Add', [products, lengths]), 'kept lengths'])
  return [apply(draft, 'MatMul', [apply(draft, 'Exp', [exponent]), 'feature weights'])]
}

/** Where there are no features every row is like every other: weights add up. */
function constantTerm(draft: Draft, { weights }: EstimatorGraph): string {
  const sums = weights.map(list => Array.from(list).reduce((sum, weight) => sum + weight, 0))
  constant(draft, 'alike', [1, sums.length], sums)
  return 'alike'
}

/** exp((e·z - 1) / scale), weighed. */
function meaningTerm(draft: Draft, graph: EstimatorGraph): string {
  const kept = graph.embeddings
  const width = kept[0]?.length ?? 0
  draft.inputs.push(['embedding', width])
  constant(draft, 'kept meanings', [width, kept.length], columnsOf(kept, width, 1 / meaningScale))
  constant(draft, 'self', [], [-1 / meaningScale])
  const weights = byRow(graph.weights, kept.length, graph.embeddingWeight)
  constant(draft, 'meaning weights', [kept.length, graph.weights.length], weights)
  const products = apply(draft, 'MatMul', ['embedding', 'kept meanings'])
  return apply(draft, 'MatMul', [apply(draft, 'Exp', [apply(draft, 'Add', [products, 'self'])]), 'meaning weights'])
}

/** Grams by rarity, scaled to length 1, weighed. */
function gramTerm(draft: Draft, { rarity, gramWeights }: EstimatorGraph): string {
  const width = rarity.length
  draft.inputs.push(['grams', width])
  constant(draft, 'rarity', [1, width], rarity)
  constant(draft, 'ones', [width, 1], new Float32Array(width).fill(1))
  constant(draft, 'nothing', [], [1e-12])
  constant(draft, 'gram weights', [width, gramWeights.length], byRow(gramWeights, width, 1))
  const weighed = apply(draft, 'Mul', ['grams', 'rarity'])
  const square = apply(draft, 'MatMul', [apply(draft, 'Mul', [weighed, weighed]), 'ones'])
  const length = apply(draft, 'Sqrt', [apply(draft, 'Add', [square, 'nothing'])])
  return apply(draft, 'Div', [apply(draft, 'MatMul', [weighed, 'gram weights']), length])
}

/** Rows of numbers as one matrix [width, rows]. */
function columnsOf(rows: readonly Float32Array[], width: number, times: number): Float32Array {
  const values = new Float32Array(width * rows.length)
  rows.forEach((row, at) => {
    for (let to = 0; to < width; to += 1) values[to * rows.length + at] = row[to]! * times
  })
  return values
}

/** Lists by model as one matrix [rows, models]. */
function byRow(lists: readonly ArrayLike<number>[], rows: number, times: number): Float32Array {
  const values = new Float32Array(rows * lists.length)
  lists.forEach((list, model) => {
    for (let at = 0; at < rows; at += 1) values[at * lists.length + model] = list[at]! * times
  })
  return values
}

function constant(draft: Draft, name: string, dims: readonly number[], values: ArrayLike<number>): void {
  draft.tensors.push({ name, dims, values })
}

function apply(draft: Draft, operator: string, inputs: readonly string[]): string {
  const output = `step ${draft.nodes.length}`
  draft.nodes.push(node(operator, inputs, output))
  return output
}

function modelOf({ nodes, tensors, inputs }: Draft, models: number): Uint8Array {
  const graph = message(writer => {
    for (const one of nodes) nested(writer, 1, one)
    writer.uint32(tag(2, 2)).string('estimator')
    for (const one of tensors) nested(writer, 5, tensor(one))
    for (const [name, width] of inputs) nested(writer, 11, valueInfo(name, [1, width]))
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

function tensor({ name, dims, values }: Tensor): Uint8Array {
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
