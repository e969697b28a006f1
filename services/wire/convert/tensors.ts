import type { InferTensorContents__Output } from '../generated/inference/InferTensorContents.ts'

/** A tensor as code takes it: texts and media are BYTES, numbers FP32. */
export type Tensor =
  | { readonly datatype: 'BYTES'; readonly shape: readonly number[]; readonly values: readonly Uint8Array[] }
  | { readonly datatype: 'FP32'; readonly shape: readonly number[]; readonly values: readonly number[] }
  | { readonly datatype: 'BOOL'; readonly shape: readonly number[]; readonly values: readonly boolean[] }

/** A tensor's head on the wire. */
interface WireTensor {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly contents: InferTensorContents__Output | null
}

/** Reads a tensor out of its own contents or the raw ones; `undefined` for a datatype that is not read, and for contents that do not fit. @source Open Inference Protocol, "Tensor Data" */
export function tensorFromWire(
  { datatype, shape, contents }: WireTensor,
  raw: Uint8Array | undefined,
): Tensor | undefined {
  if (datatype === 'BYTES') {
    const values = raw === undefined ? (contents?.bytesContents ?? []) : splitBytes(raw)
    return values === undefined || values.length !== sizeOf(shape) ? undefined : { datatype, shape, values }
  }
  const values = numbersOf(datatype, contents, raw)
  if (values === undefined || values.length !== sizeOf(shape)) return undefined
  return { datatype: 'FP32', shape, values }
}

/** Numbers of the types that confidence and vectors come in. */
function numbersOf(
  datatype: string,
  contents: InferTensorContents__Output | null,
  raw: Uint8Array | undefined,
): readonly number[] | undefined {
  if (datatype === 'FP32')
    return raw === undefined ? contents?.fp32Contents : readAll(raw, 4, (view, at) => view.getFloat32(at, true))
  if (datatype === 'FP64')
    return raw === undefined ? contents?.fp64Contents : readAll(raw, 8, (view, at) => view.getFloat64(at, true))
  if (datatype === 'INT64')
    return raw === undefined
      ? contents?.int64Contents
      : readAll(raw, 8, (view, at) => Number(view.getBigInt64(at, true)))
  return undefined
}

function readAll(raw: Uint8Array, width: number, read: (view: DataView, at: number) => number): number[] | undefined {
  if (raw.byteLength % width !== 0) return undefined
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
  return Array.from({ length: raw.byteLength / width }, (_, index) => read(view, index * width))
}

/** Elements that each follow their length in four bytes; `undefined` when the lengths do not fit. */
function splitBytes(raw: Uint8Array): Uint8Array[] | undefined {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
  const values: Uint8Array[] = []
  for (let at = 0; at < raw.byteLength;) {
    if (at + 4 > raw.byteLength) return undefined
    const end = at + 4 + view.getUint32(at, true)
    if (end > raw.byteLength) return undefined
    values.push(raw.subarray(at + 4, end))
    at = end
  }
  return values
}

/** Writes a tensor, its elements in the field of their datatype. */
export function tensorToWire(name: string, tensor: Tensor): object {
  const { datatype, shape } = tensor
  return { name, datatype, shape: [...shape], contents: contentsOf(tensor) }
}

function contentsOf(tensor: Tensor): object {
  if (tensor.datatype === 'BYTES') return { bytesContents: tensor.values.map(value => Buffer.from(value)) }
  return tensor.datatype === 'FP32' ? { fp32Contents: [...tensor.values] } : { boolContents: [...tensor.values] }
}

/** Writes a tensor's elements raw, for clients that sent theirs so. */
export function tensorToRaw(tensor: Tensor): Buffer {
  if (tensor.datatype === 'BYTES') {
    return Buffer.concat(
      tensor.values.flatMap(value => {
        const length = Buffer.alloc(4)
        length.writeUInt32LE(value.byteLength)
        return [length, value]
      }),
    )
  }
  if (tensor.datatype === 'BOOL') return Buffer.from(tensor.values.map(Number))
  const raw = Buffer.alloc(tensor.values.length * 4)
  for (const [index, value] of tensor.values.entries()) raw.writeFloatLE(value, index * 4)
  return raw
}

/** A tensor of texts, one row each. */
export function textTensor(texts: readonly string[], shape: readonly number[] = [texts.length]): Tensor {
  return { datatype: 'BYTES', shape, values: texts.map(text => Buffer.from(text)) }
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}
