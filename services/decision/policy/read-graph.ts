import protobuf from 'protobufjs'

const { Reader } = protobuf

/** A constant of a graph. */
export interface GraphTensor {
  readonly dims: readonly number[]
  readonly values: Float32Array
}

/** One step of a graph. */
export interface GraphNode {
  readonly operator: string
  readonly inputs: readonly string[]
  readonly output: string
}

/** A graph whose numbers are all float32 and whose steps have no settings. */
export interface Graph {
  /** In the order in which they run. */
  readonly nodes: readonly GraphNode[]
  readonly tensors: ReadonlyMap<string, GraphTensor>
  /** Inputs that are no constants, each [1, width]. */
  readonly inputs: readonly (readonly [name: string, width: number])[]
}

/** A field of a message: its number, and its bytes or its number. */
type Field = readonly [number: number, value: Uint8Array | number]

/** float32 in ONNX's list of types. */
const float32 = 1

/**
 * Reads an ONNX file; `undefined` where it is none, or has other numbers or settings than an estimator's.
 * @source onnx.proto3 of the ONNX project, for the field numbers
 */
export function readGraph(bytes: Uint8Array): Graph | undefined {
  try {
    const graph = fieldsOf(nested(fieldsOf(bytes), 7) ?? new Uint8Array())
    const tensors = new Map(all(graph, 5).map(tensorOf))
    const nodes = all(graph, 1).map(nodeOf)
    const inputs = all(graph, 11)
      .map(inputOf)
      .filter(([name]) => !tensors.has(name))
    return nodes.length === 0 ? undefined : { nodes, tensors, inputs }
  } catch {
    return undefined
  }
}

function nodeOf(bytes: Uint8Array): GraphNode {
  const fields = fieldsOf(bytes)
  const [output, more] = all(fields, 2)
  const isPlain = all(fields, 5).length === 0 && textOf(nested(fields, 7)) === '' && more === undefined
  if (!isPlain) throw new Error('a step has settings')
  return { operator: textOf(nested(fields, 4)), inputs: all(fields, 1).map(textOf), output: textOf(output) }
}

function tensorOf(bytes: Uint8Array): readonly [string, GraphTensor] {
  const fields = fieldsOf(bytes)
  const raw = nested(fields, 9)
  const type = fields.find(([number]) => number === 2)?.[1]
  if (type !== float32 || raw === undefined) throw new Error('a constant is not float32')
  const dims = fields.flatMap(([number, value]) => (number === 1 ? dimsOf(value) : []))
  const values = new Float32Array(Uint8Array.from(raw).buffer)
  if (dims.reduce((product, dim) => product * dim, 1) !== values.length) throw new Error('a constant is cut')
  return [textOf(nested(fields, 8)), { dims, values }]
}

/** Dimensions come one a field, or packed. */
function dimsOf(value: Uint8Array | number): readonly number[] {
  if (typeof value === 'number') return [value]
  const reader = Reader.create(value)
  const dims: number[] = []
  while (reader.pos < reader.len) dims.push(Number(reader.int64()))
  return dims
}

/** ValueInfo → Type → Tensor → Shape → dimension → its size. */
function inputOf(bytes: Uint8Array): readonly [string, number] {
  const fields = fieldsOf(bytes)
  const type = fieldsOf(nested(fieldsOf(nested(fields, 2) ?? none), 1) ?? none)
  const dims = all(fieldsOf(nested(type, 2) ?? none), 1).map(dim => fieldsOf(dim).find(([number]) => number === 1)?.[1])
  const [one, width] = dims
  if (dims.length !== 2 || one !== 1 || typeof width !== 'number') throw new Error('an input is no row')
  return [textOf(nested(fields, 1)), width]
}

const none = new Uint8Array()

function all(fields: readonly Field[], wanted: number): readonly Uint8Array[] {
  return fields.flatMap(([number, value]) => (number === wanted && typeof value !== 'number' ? [value] : []))
}

function nested(fields: readonly Field[], wanted: number): Uint8Array | undefined {
  return all(fields, wanted)[0]
}

function textOf(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? none).toString()
}

function fieldsOf(message: Uint8Array): readonly Field[] {
  const reader = Reader.create(message)
  const fields: Field[] = []
  while (reader.pos < reader.len) {
    const key = reader.uint32()
    const type = key & 7
    if (type === 2) fields.push([key >>> 3, reader.bytes()])
    else if (type === 0) fields.push([key >>> 3, Number(reader.int64())])
    else reader.skipType(type)
  }
  return fields
}
