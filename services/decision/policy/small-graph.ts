import type { HashedGrams } from '#services/decision/features/hash-grams'
import { readGraph, type Graph, type GraphNode, type GraphTensor } from './read-graph.ts'

/** Inputs of an estimator; a graph that was fitted without one does not get it. */
export interface EstimatorInput {
  /** Standardised: float32 [features]. */
  readonly features: Float32Array
  /** float32 [dimensions], L2 norm 1. */
  readonly embedding?: Float32Array
  readonly grams?: HashedGrams
}

/** Gives the quality of each model: float32 [models]. It runs at once, and keeps no input. */
export type EvaluateGraph = (input: EstimatorInput) => Float32Array

/** Multiplications of dense matrices beyond which the runtime is faster than a loop. */
const mostMultiplications = 65_536

/** One row of numbers on its way through the graph; `places` has those that are not 0 where most are. */
interface Row {
  values: Numbers
  places?: Int32Array
}

/** A row as it is known before anything runs. */
interface Shape {
  readonly row: Row
  readonly width: number
  readonly isSparse: boolean
}

type Step = () => void

/**
 * Makes an evaluation of a graph without a runtime: typed arrays, float64 between input and output. `undefined` where
 * the graph is too large for it, or has what `writeEstimatorGraph` does not write.
 */
export function openSmallGraph(bytes: Uint8Array): EvaluateGraph | undefined {
  const graph = readGraph(bytes)
  return graph === undefined ? undefined : compile(graph)
}

function compile({ nodes, tensors, inputs }: Graph): EvaluateGraph | undefined {
  const shapes = new Map<string, Shape>()
  for (const [name, width] of inputs) shapes.set(name, { row: { values: none }, width, isSparse: name === 'grams' })
  for (const [name, { values }] of tensors) shapes.set(name, { row: { values }, width: values.length, isSparse: false })
  const steps: Step[] = []
  let multiplications = 0
  for (const node of nodes) {
    const made = stepOf(node, shapes, tensors)
    if (made === undefined) return undefined
    multiplications += made.multiplications ?? 0
    shapes.set(node.output, made.shape)
    steps.push(made.step)
  }
  const quality = shapes.get('quality')
  if (quality === undefined || quality.isSparse || multiplications > mostMultiplications) return undefined
  return input => {
    for (const [name, width] of inputs) {
      const { row } = shapes.get(name)!
      const given = input[name as keyof EstimatorInput]
      if (given === undefined) throw new Error(`the estimator is not given ${name}`)
      fill(row, given, width)
    }
    for (const step of steps) step()
    return Float32Array.from(quality.row.values)
  }
}

function fill(row: Row, given: Float32Array | HashedGrams, width: number): void {
  if ('places' in given) {
    row.places = given.places
    row.values = given.values
  } else if (given.length === width) {
    row.values = given
  } else throw new Error(`the estimator takes ${width} numbers, not ${given.length}`)
}

/** A step with the row that it makes. */
interface Made {
  readonly shape: Shape
  readonly step: Step
  readonly multiplications?: number
}

function stepOf(
  { operator, inputs }: GraphNode,
  shapes: ReadonlyMap<string, Shape>,
  tensors: ReadonlyMap<string, GraphTensor>,
): Made | undefined {
  const operands = inputs.flatMap(name => shapes.get(name) ?? [])
  return operands.length === inputs.length ? makers[operator]?.(operands, tensors.get(inputs[1] ?? '')) : undefined
}

/** Makes the step of one operator; `undefined` where its operands are not of those that are known here. */
type MakeStep = (operands: readonly Shape[], matrix: GraphTensor | undefined) => Made | undefined

const makers: Readonly<Record<string, MakeStep>> = {
  MatMul: ([left], matrix) => left && product(left, matrix),
  Exp: ([one]) => one && map(one, exponents),
  Sqrt: ([one]) => one && map(one, roots),
  Add: operands => combine(operands, writeSums),
  Div: operands => combine(operands, writeRatios),
  Mul: operands => sparseProduct(operands) ?? combine(operands, writeProducts),
  Clip: ([one, least, most]) => one && clip(one, least?.row.values[0], most?.row.values[0]),
}

/** A row by a matrix; of a sparse row only what is there is looked at. */
function product({ row, width, isSparse }: Shape, matrix: GraphTensor | undefined): Made | undefined {
  const [rows, columns] = matrix?.dims ?? []
  if (matrix === undefined || rows !== width || columns === undefined) return undefined
  const weights = Float64Array.from(matrix.values)
  const all = Int32Array.from({ length: width }, (_, at) => at)
  const values = new Float64Array(columns)
  const add = columns === 2 ? addPairs : addRows
  const step = (): void => {
    values.fill(0)
    const { values: given, places } = row
    add(values, weights, given, places ?? all)
  }
  const shape = { row: { values }, width: columns, isSparse: false }
  return { shape, step, multiplications: isSparse ? 0 : width * columns }
}

type Numbers = Float64Array | Float32Array

/** Adds up the rows of a matrix at some places, each times its factor. */
function addRows(sums: Float64Array, rows: Float64Array, factors: Numbers, places: Int32Array): void {
  const columns = sums.length
  for (let at = 0; at < places.length; at += 1) {
    const factor = factors[at]!
    const from = places[at]! * columns
    for (let to = 0; to < columns; to += 1) sums[to]! += factor * rows[from + to]!
  }
}

/** The same of two columns: most policies are of two models, and most of a graph's rows are weights by model. */
function addPairs(sums: Float64Array, rows: Float64Array, factors: Numbers, places: Int32Array): void {
  let [left, right] = [0, 0]
  for (let at = 0; at < places.length; at += 1) {
    const factor = factors[at]!
    const from = places[at]! * 2
    left += factor * rows[from]!
    right += factor * rows[from + 1]!
  }
  sums[0] = left
  sums[1] = right
}

/** A sparse row by itself, or by a row of the same width. */
function sparseProduct([left, right]: readonly Shape[]): Made | undefined {
  if (left?.isSparse !== true || right?.width !== left.width || (right.isSparse && right !== left)) return undefined
  const { row } = left
  const made: Row = { values: none }
  let room = new Float64Array(1024)
  const step = (): void => {
    const { values, places = noPlaces } = row
    if (room.length < places.length) room = new Float64Array(places.length * 2)
    const factors = right.row.values
    for (let at = 0; at < places.length; at += 1) {
      room[at] = values[at]! * factors[right.isSparse ? at : places[at]!]!
    }
    made.values = room
    made.places = places
  }
  return { shape: { row: made, width: left.width, isSparse: true }, step }
}

/**
 * Writes an operator's row. Each has a loop of its own: numbers that go through a function that differs from node to
 * node are put on the heap one by one.
 */
type MapRow = (to: Float64Array, from: Numbers) => void

function exponents(to: Float64Array, from: Numbers): void {
  for (let at = 0; at < to.length; at += 1) to[at] = Math.exp(from[at]!)
}

function roots(to: Float64Array, from: Numbers): void {
  for (let at = 0; at < to.length; at += 1) to[at] = Math.sqrt(from[at]!)
}

function map({ row, width, isSparse }: Shape, write: MapRow): Made | undefined {
  if (isSparse) return undefined
  const values = new Float64Array(width)
  return { shape: { row: { values }, width, isSparse: false }, step: () => write(values, row.values) }
}

/** The same of two rows; a row of one number is at each step the same place. */
type CombineRows = (to: Float64Array, left: Strided, right: Strided) => void

interface Strided {
  readonly values: Numbers
  readonly by: 0 | 1
}

function writeSums(to: Float64Array, left: Strided, right: Strided): void {
  const [a, b, byA, byB] = [left.values, right.values, left.by, right.by]
  for (let at = 0; at < to.length; at += 1) to[at] = a[at * byA]! + b[at * byB]!
}

function writeRatios(to: Float64Array, left: Strided, right: Strided): void {
  const [a, b, byA, byB] = [left.values, right.values, left.by, right.by]
  for (let at = 0; at < to.length; at += 1) to[at] = a[at * byA]! / b[at * byB]!
}

function writeProducts(to: Float64Array, left: Strided, right: Strided): void {
  const [a, b, byA, byB] = [left.values, right.values, left.by, right.by]
  for (let at = 0; at < to.length; at += 1) to[at] = a[at * byA]! * b[at * byB]!
}

/** Two rows of one width, or a row and one number. */
function combine([left, right]: readonly Shape[], write: CombineRows): Made | undefined {
  if (left === undefined || right === undefined) return undefined
  const width = Math.max(left.width, right.width)
  if ([left, right].some(one => one.isSparse || (one.width !== width && one.width !== 1))) return undefined
  const values = new Float64Array(width)
  const [byLeft, byRight] = [left, right].map(one => (one.width === 1 ? 0 : 1)) as [0 | 1, 0 | 1]
  const step = (): void =>
    write(values, { values: left.row.values, by: byLeft }, { values: right.row.values, by: byRight })
  return { shape: { row: { values }, width, isSparse: false }, step }
}

function clip(one: Shape, low: number | undefined, high: number | undefined): Made | undefined {
  if (low === undefined || high === undefined) return undefined
  return map(one, (to, from) => {
    for (let at = 0; at < to.length; at += 1) to[at] = Math.min(high, Math.max(low, from[at]!))
  })
}

const none = new Float64Array(0)
const noPlaces = new Int32Array(0)
