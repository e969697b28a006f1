import { writeFileSync } from 'node:fs'

/** How a made-up adapter changes the queries of a model's first layer. */
export interface LoraShape {
  /** Width of the model's layers. */
  readonly width: number
  /** Size of the numbers of the second matrix: at 0 the adapter changes nothing. */
  readonly scale: number
}

const stringType = 8
const floatType = 6
const alignment = 32

/**
 * Writes an adapter in GGUF with one pair of matrices.
 * @source ggml, "GGUF" version 3; llama.cpp, `llama-adapter.cpp`
 */
export function writeLora(file: string, { width, scale }: LoraShape): void {
  const rank = 4
  const first = Float32Array.from({ length: width * rank }, (_, at) => Math.sin(at * 12.9898))
  const second = Float32Array.from({ length: width * rank }, (_, at) => scale * Math.cos(at * 78.233))
  const tensors = [
    { name: 'blk.0.attn_q.weight.lora_a', shape: [width, rank], data: first },
    { name: 'blk.0.attn_q.weight.lora_b', shape: [rank, width], data: second },
  ]
  const fields: readonly Buffer[] = [
    pair('general.type', 'adapter'),
    pair('general.architecture', 'llama'),
    pair('adapter.type', 'lora'),
    Buffer.concat([text('adapter.lora.alpha'), uint32(floatType), float32(rank)]),
  ]
  let offset = 0
  const described = tensors.map(({ name, shape, data }) => {
    const at = offset
    offset += Math.ceil(data.byteLength / alignment) * alignment
    return Buffer.concat([text(name), uint32(shape.length), ...shape.map(uint64), uint32(0), uint64(at)])
  })
  const head = Buffer.concat([
    Buffer.from('GGUF'),
    uint32(3),
    uint64(tensors.length),
    uint64(fields.length),
    ...fields,
    ...described,
  ])
  writeFileSync(file, Buffer.concat([padded(head), ...tensors.map(({ data }) => padded(Buffer.from(data.buffer)))]))
}

function pair(key: string, value: string): Buffer {
  return Buffer.concat([text(key), uint32(stringType), text(value)])
}

function text(value: string): Buffer {
  return Buffer.concat([uint64(Buffer.byteLength(value)), Buffer.from(value)])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function float32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return bytes
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((alignment - (bytes.byteLength % alignment)) % alignment)])
}
