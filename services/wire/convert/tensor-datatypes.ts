import type { InferTensorContents__Output } from '../generated/inference/InferTensorContents.ts'

/** How numbers of a datatype are kept: their width in raw contents, and the field of those that are typed. */
interface NumberDatatype {
  /** `class`: whole numbers, which count or name; `measure`: numbers with fractions. */
  readonly meaning: 'class' | 'measure'
  readonly bytes: number
  readonly field: Exclude<keyof InferTensorContents__Output, 'bytesContents'>
  readonly read: (view: DataView, at: number) => number
}

/**
 * Every datatype of numbers. The protocol has no field for FP16 and BF16, which travel raw; where a server puts
 * them into typed contents all the same, they are in the next wider ones.
 * @source Open Inference Protocol, "Tensor Data Types"; Triton's extension for BF16
 */
const numberDatatypes = {
  UINT8: { meaning: 'class', bytes: 1, field: 'uintContents', read: (view, at) => view.getUint8(at) },
  UINT16: { meaning: 'class', bytes: 2, field: 'uintContents', read: (view, at) => view.getUint16(at, true) },
  UINT32: { meaning: 'class', bytes: 4, field: 'uintContents', read: (view, at) => view.getUint32(at, true) },
  UINT64: {
    meaning: 'class',
    bytes: 8,
    field: 'uint64Contents',
    read: (view, at) => Number(view.getBigUint64(at, true)),
  },
  INT8: { meaning: 'class', bytes: 1, field: 'intContents', read: (view, at) => view.getInt8(at) },
  INT16: { meaning: 'class', bytes: 2, field: 'intContents', read: (view, at) => view.getInt16(at, true) },
  INT32: { meaning: 'class', bytes: 4, field: 'intContents', read: (view, at) => view.getInt32(at, true) },
  INT64: { meaning: 'class', bytes: 8, field: 'int64Contents', read: (view, at) => Number(view.getBigInt64(at, true)) },
  FP16: { meaning: 'measure', bytes: 2, field: 'fp32Contents', read: (view, at) => halfOf(view.getUint16(at, true)) },
  BF16: { meaning: 'measure', bytes: 2, field: 'fp32Contents', read: (view, at) => brainOf(view.getUint16(at, true)) },
  FP32: { meaning: 'measure', bytes: 4, field: 'fp32Contents', read: (view, at) => view.getFloat32(at, true) },
  FP64: { meaning: 'measure', bytes: 8, field: 'fp64Contents', read: (view, at) => view.getFloat64(at, true) },
} as const satisfies Readonly<Record<string, NumberDatatype>>

/** A datatype of numbers. */
export type NumberDatatypeName = keyof typeof numberDatatypes

/** Returns whether a datatype is one of numbers that is known. */
export function isNumberDatatype(datatype: string): datatype is NumberDatatypeName {
  return Object.hasOwn(numberDatatypes, datatype)
}

/** Returns whether numbers of a datatype are whole ones, which name a class rather than measure something. */
export function namesClasses(datatype: NumberDatatypeName): boolean {
  return numberDatatypes[datatype].meaning === 'class'
}

/**
 * Reads numbers out of raw contents where there are any, else out of typed ones; `undefined` where raw ones are no
 * whole number of elements.
 */
export function readNumbers(
  datatype: NumberDatatypeName,
  contents: InferTensorContents__Output | null,
  raw: Uint8Array | undefined,
): readonly number[] | undefined {
  const { bytes, field, read }: NumberDatatype = numberDatatypes[datatype]
  if (raw === undefined) return (contents?.[field] ?? []).map(Number)
  if (raw.byteLength % bytes !== 0) return undefined
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
  return Array.from({ length: raw.byteLength / bytes }, (_, place) => read(view, place * bytes))
}

/** @source IEEE 754-2019, binary16 */
function halfOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

const scratch = new DataView(new ArrayBuffer(4))

/** The upper half of a binary32. */
function brainOf(bits: number): number {
  scratch.setUint16(0, bits)
  return scratch.getFloat32(0)
}
