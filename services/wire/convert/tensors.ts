import { isNumberDatatype, readNumbers, type NumberDatatypeName } from './tensor-datatypes.ts'
import type { InferTensorContents__Output } from '../generated/inference/InferTensorContents.ts'

/**
 * A tensor as code takes it: texts and media are BYTES. Numbers keep their datatype, since by it they name a class
 * or measure something.
 */
export type Tensor =
  | { readonly datatype: 'BYTES'; readonly shape: readonly number[]; readonly values: readonly Uint8Array[] }
  | { readonly datatype: 'BOOL'; readonly shape: readonly number[]; readonly values: readonly boolean[] }
  | { readonly datatype: NumberDatatypeName; readonly shape: readonly number[]; readonly values: readonly number[] }

/** A tensor of numbers. */
export type NumberTensor = Extract<Tensor, { readonly datatype: NumberDatatypeName }>

/** Those that are written. */
export type WrittenTensor =
  | Extract<Tensor, { readonly datatype: 'BYTES' | 'BOOL' }>
  | { readonly datatype: 'FP32'; readonly shape: readonly number[]; readonly values: readonly number[] }

/** A tensor's head on the wire. */
interface WireTensor {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly contents: InferTensorContents__Output | null
}

/**
 * Reads a tensor out of its own contents or the raw ones; `undefined` for a datatype that is not read, and for
 * contents that do not fit.
 * @source Open Inference Protocol, "Tensor Data"
 */
export function tensorFromWire(head: WireTensor, rawContents: Uint8Array | undefined): Tensor | undefined {
  const tensor = elementsOf(head, isLeftEmpty(head, rawContents) ? undefined : rawContents)
  return tensor === undefined || tensor.values.length !== sizeOf(head.shape) ? undefined : tensor
}

/**
 * Servers that put some outputs into typed contents and others into raw ones leave the raw ones of the former
 * empty.
 */
function isLeftEmpty({ contents }: WireTensor, raw: Uint8Array | undefined): boolean {
  const isTyped = contents !== null && Object.values(contents).some(elements => elements.length > 0)
  return raw?.byteLength === 0 && isTyped
}

/** A tensor without elements has no contents on the wire. */
const empty = { bytesContents: [], boolContents: [] } as const

function elementsOf({ datatype, shape, contents }: WireTensor, raw: Uint8Array | undefined): Tensor | undefined {
  if (datatype === 'BYTES') {
    const values = raw === undefined ? (contents ?? empty).bytesContents : splitBytes(raw)
    return values && { datatype, shape, values }
  }
  if (datatype === 'BOOL') {
    const values = raw === undefined ? (contents ?? empty).boolContents : truthsIn(raw)
    return { datatype, shape, values }
  }
  return isNumberDatatype(datatype) ? numbersOf({ datatype, shape, contents }, raw) : undefined
}

function numbersOf(
  { datatype, shape, contents }: Omit<WireTensor, 'name'> & { readonly datatype: NumberDatatypeName },
  raw: Uint8Array | undefined,
): Tensor | undefined {
  const values = readNumbers(datatype, contents, raw)
  return values && { datatype, shape, values }
}

function truthsIn(raw: Uint8Array): readonly boolean[] {
  return Array.from(raw, byte => byte !== 0)
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
export function tensorToWire(name: string, tensor: WrittenTensor): object {
  const { datatype, shape } = tensor
  return { name, datatype, shape: [...shape], contents: contentsOf(tensor) }
}

function contentsOf(tensor: WrittenTensor): object {
  if (tensor.datatype === 'BYTES') return { bytesContents: tensor.values.map(value => Buffer.from(value)) }
  return tensor.datatype === 'FP32' ? { fp32Contents: [...tensor.values] } : { boolContents: [...tensor.values] }
}

/** Writes a tensor's elements raw, for clients that sent theirs so. */
export function tensorToRaw(tensor: WrittenTensor): Buffer {
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
export function textTensor(texts: readonly string[], shape: readonly number[] = [texts.length]): WrittenTensor {
  return { datatype: 'BYTES', shape, values: texts.map(text => Buffer.from(text)) }
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}
