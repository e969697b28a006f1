import type { WavFormat } from './wav-layout.ts'

/** Reads one sample, in [-1, 1]. */
export type ReadSample = (view: DataView, offset: number) => number

/**
 * Gives the reader of samples of a format. 8-bit integers are unsigned, wider ones are signed and fill the upper
 * bits of their bytes.
 */
export function sampleReader({ encoding, bitsPerSample, sampleBytes }: WavFormat): ReadSample {
  if (encoding === 'a-law') return (view, offset) => aLaw[view.getUint8(offset)]!
  if (encoding === 'u-law') return (view, offset) => uLaw[view.getUint8(offset)]!
  if (encoding === 'float')
    return bitsPerSample === 64
      ? (view, offset) => finite(view.getFloat64(offset, true))
      : (view, offset) => finite(view.getFloat32(offset, true))
  return integerReaders[sampleBytes]!
}

const integerReaders: Readonly<Record<number, ReadSample>> = {
  1: (view, offset) => (view.getUint8(offset) - 128) / 128,
  2: (view, offset) => view.getInt16(offset, true) / 32_768,
  3: (view, offset) => (view.getUint16(offset, true) + view.getInt8(offset + 2) * 65_536) / 8_388_608,
  4: (view, offset) => view.getInt32(offset, true) / 2_147_483_648,
}

function finite(value: number): number {
  return Number.isFinite(value) ? Math.max(-1, Math.min(1, value)) : 0
}

/** @source ITU-T G.711, table 1: 13 bits, even bits inverted */
const aLaw = Float32Array.from({ length: 256 }, (_, code) => {
  const bits = code ^ 0x55
  const segment = (bits >> 4) & 7
  const step = ((bits & 15) << 1) + 1
  const size = segment === 0 ? step : (step + 32) << (segment - 1)
  return ((bits & 0x80) === 0 ? -size : size) / 4096
})

/** @source ITU-T G.711, table 2: 14 bits, all bits inverted */
const uLaw = Float32Array.from({ length: 256 }, (_, code) => {
  const bits = ~code & 0xff
  const size = ((((bits & 15) << 1) + 33) << ((bits >> 4) & 7)) - 33
  return ((bits & 0x80) === 0 ? size : -size) / 8192
})
