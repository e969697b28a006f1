/** How a WAV file is to be written. */
export interface WavShape {
  readonly sampleRate: number
  readonly channels: number
  readonly bits: 8 | 16 | 24 | 32 | 64
  readonly float?: boolean
  readonly extensible?: boolean
}

/** Writes interleaved samples (-1..1) as a WAV file. */
export function wavFile(samples: readonly number[] | Float32Array, shape: WavShape): Uint8Array {
  const bytes = shape.bits / 8
  const formatBytes = shape.extensible === true ? 40 : 16
  const buffer = Buffer.alloc(28 + formatBytes + samples.length * bytes)
  const encoding = shape.float === true ? 3 : 1
  buffer.write('RIFF', 0)
  buffer.writeUInt32LE(buffer.length - 8, 4)
  buffer.write('WAVEfmt ', 8)
  buffer.writeUInt32LE(formatBytes, 16)
  buffer.writeUInt16LE(shape.extensible === true ? 0xfffe : encoding, 20)
  buffer.writeUInt16LE(shape.channels, 22)
  buffer.writeUInt32LE(shape.sampleRate, 24)
  buffer.writeUInt32LE(shape.sampleRate * shape.channels * bytes, 28)
  buffer.writeUInt16LE(shape.channels * bytes, 32)
  buffer.writeUInt16LE(shape.bits, 34)
  if (shape.extensible === true) buffer.writeUInt16LE(encoding, 44)
  const data = 20 + formatBytes
  buffer.write('data', data)
  buffer.writeUInt32LE(samples.length * bytes, data + 4)
  samples.forEach((sample: number, index: number) => writeSample(buffer, data + 8 + index * bytes, sample, shape))
  return new Uint8Array(buffer)
}

function writeSample(buffer: Buffer, at: number, sample: number, { bits, float }: WavShape): void {
  if (float === true && bits === 64) buffer.writeDoubleLE(sample, at)
  else if (float === true) buffer.writeFloatLE(sample, at)
  else if (bits === 8) buffer.writeUInt8(Math.round(sample * 127) + 128, at)
  else buffer.writeIntLE(Math.round(sample * (2 ** (bits - 1) - 1)), at, bits / 8)
}
