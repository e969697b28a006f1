/** How a WAV file is to be written. */
export interface WavShape {
  readonly sampleRate: number
  readonly channels: number
  readonly bits: 8 | 16 | 20 | 24 | 32 | 64
  readonly encoding?: 'integer' | 'float' | 'a-law' | 'u-law'
  /** Writes a WAVE_FORMAT_EXTENSIBLE with this mask of speakers. */
  readonly mask?: number
  /** Bytes that a sample takes, where that is more than its bits need. */
  readonly sampleBytes?: number
  /** Chunks before the data, as they are written. */
  readonly before?: Uint8Array
  /** Lengths other than the true ones. */
  readonly dataBytes?: number
  readonly riffBytes?: number
  readonly outer?: 'RIFF' | 'RF64' | 'BW64'
}

const encodings = { integer: 1, float: 3, 'a-law': 6, 'u-law': 7 } as const

/** Writes interleaved samples (-1..1) as a WAV file. */
export function wavFile(samples: readonly number[] | Float32Array, shape: WavShape): Uint8Array {
  const { encoding = 'integer', channels, sampleRate, before = new Uint8Array(0) } = shape
  const sampleBytes = shape.sampleBytes ?? Math.ceil(shape.bits / 8)
  const format = Buffer.alloc(shape.mask === undefined ? 16 : 40)
  format.writeUInt16LE(shape.mask === undefined ? encodings[encoding] : 0xfffe, 0)
  format.writeUInt16LE(channels, 2)
  format.writeUInt32LE(sampleRate, 4)
  format.writeUInt32LE(sampleRate * channels * sampleBytes, 8)
  format.writeUInt16LE(channels * sampleBytes, 12)
  format.writeUInt16LE(shape.bits, 14)
  if (shape.mask !== undefined) {
    format.writeUInt16LE(22, 16)
    format.writeUInt16LE(shape.bits, 18)
    format.writeUInt32LE(shape.mask, 20)
    format.writeUInt16LE(encodings[encoding], 24)
  }
  const data = Buffer.alloc(samples.length * sampleBytes)
  samples.forEach((sample: number, index: number) => writeSample(data, index * sampleBytes, sample, shape))
  const chunks = [
    wavChunk('fmt ', format),
    before,
    wavChunk('data', data, shape.dataBytes),
    ...(data.length % 2 === 1 ? [Buffer.alloc(1)] : []),
  ]
  const length = 4 + chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
  const head = Buffer.from(`${shape.outer ?? 'RIFF'}....WAVE`, 'latin1')
  head.writeUInt32LE(shape.riffBytes ?? length, 4)
  return new Uint8Array(Buffer.concat([head, ...chunks]))
}

/** A chunk without its padding. */
export function wavChunk(tag: string, content: Uint8Array, bytes = content.byteLength): Uint8Array {
  const head = Buffer.alloc(8)
  head.write(tag, 'latin1')
  head.writeUInt32LE(bytes, 4)
  return new Uint8Array(Buffer.concat([head, content]))
}

function writeSample(buffer: Buffer, at: number, sample: number, shape: WavShape): void {
  const { bits, encoding = 'integer', sampleBytes = Math.ceil(bits / 8) } = shape
  if (encoding === 'float' && bits === 64) buffer.writeDoubleLE(sample, at)
  else if (encoding === 'float') buffer.writeFloatLE(sample, at)
  else if (encoding === 'a-law') buffer.writeUInt8(toALaw(sample), at)
  else if (encoding === 'u-law') buffer.writeUInt8(toULaw(sample), at)
  else if (bits === 8) buffer.writeUInt8(Math.round(sample * 127) + 128, at)
  // Samples fill the upper bits of their bytes.
  else buffer.writeIntLE(Math.round(sample * (2 ** (8 * sampleBytes - 1) - 1)), at, sampleBytes)
}

/** @source ITU-T G.711, by search for the segment */
function toALaw(sample: number): number {
  const size = Math.min(4095, Math.floor(Math.abs(sample) * 4096))
  const segment = Math.max(0, 32 - Math.clz32(size >> 5))
  const step = segment < 2 ? (size >> 1) & 15 : (size >> segment) & 15
  return ((sample >= 0 ? 0x80 : 0) | (segment << 4) | step) ^ 0x55
}

/** @source ITU-T G.711, by search for the segment */
function toULaw(sample: number): number {
  const size = Math.min(8158, Math.floor(Math.abs(sample) * 8192)) + 33
  const segment = 31 - Math.clz32(size) - 5
  return ~((sample < 0 ? 0x80 : 0) | (segment << 4) | ((size >> (segment + 1)) & 15)) & 0xff
}
