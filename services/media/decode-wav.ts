import { MediaError } from './media-error.ts'

/** Decoded sound: one channel, float32 in [-1, 1]. */
export interface Sound {
  readonly samples: Float32Array
  readonly sampleRate: number
}

interface WavFormat {
  readonly encoding: number
  readonly channels: number
  readonly sampleRate: number
  readonly bitsPerSample: number
}

const pcm = 1
const float = 3
const extensible = 0xfffe

type ReadSample = (view: DataView, offset: number) => number

/** Readers by `<encoding>:<bits>`. 8-bit PCM is unsigned, all wider widths are signed (WAVE format, section "Data format of the samples"). */
const readers: Readonly<Record<string, ReadSample>> = {
  [`${pcm}:8`]: (view, offset) => (view.getUint8(offset) - 128) / 128,
  [`${pcm}:16`]: (view, offset) => view.getInt16(offset, true) / 32768,
  [`${pcm}:24`]: (view, offset) => (view.getUint16(offset, true) + view.getInt8(offset + 2) * 65536) / 8388608,
  [`${pcm}:32`]: (view, offset) => view.getInt32(offset, true) / 2147483648,
  [`${float}:32`]: (view, offset) => finite(view.getFloat32(offset, true)),
  [`${float}:64`]: (view, offset) => finite(view.getFloat64(offset, true)),
}

/**
 * Decodes a WAV file (PCM of 8 to 32 bits or IEEE float) and mixes its channels into one.
 * @throws MediaError when it is no WAV, is cut short, or is longer than `limitSeconds`
 * @source Microsoft, Multimedia Programming Interface and Data Specifications 1.0, and WAVEFORMATEXTENSIBLE
 */
export function decodeWav(bytes: Uint8Array, limitSeconds: number): Sound {
  const { view, format, dataStart, frames, read } = openWav(bytes)
  if (frames > limitSeconds * format.sampleRate) throw new MediaError(`the audio is longer than ${limitSeconds} s`)
  return { samples: mixDown(view, dataStart, frames, format, read), sampleRate: format.sampleRate }
}

/** What the header of a WAV file says, its samples unread. */
export interface WavFacts {
  readonly durationMs: number
  readonly sampleRateHz: number
  readonly channels: number
}

/** Reads the header of a WAV file and checks that the samples it promises are there. @throws MediaError as {@link decodeWav} */
export function readWavFacts(bytes: Uint8Array): WavFacts {
  const { format, frames } = openWav(bytes)
  return { durationMs: (frames / format.sampleRate) * 1000, sampleRateHz: format.sampleRate, channels: format.channels }
}

interface OpenWav {
  readonly view: DataView
  readonly format: WavFormat
  readonly dataStart: number
  readonly frames: number
  readonly read: ReadSample
}

function openWav(bytes: Uint8Array): OpenWav {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.byteLength < 12 || tagAt(view, 0) !== 'RIFF' || tagAt(view, 8) !== 'WAVE') {
    throw new MediaError(`the audio is not a WAV file${containerHint(bytes)}`)
  }
  const { format, dataStart, dataBytes } = findChunks(view)
  const read = readers[`${format.encoding}:${format.bitsPerSample}`]
  if (read === undefined) {
    throw new MediaError(`WAV encoding ${format.encoding} with ${format.bitsPerSample} bits a sample is not supported`)
  }
  const frames = Math.floor(dataBytes / ((format.channels * format.bitsPerSample) / 8))
  if (frames === 0) throw new MediaError('the WAV file holds no samples')
  return { view, format, dataStart, frames, read }
}

function mixDown(view: DataView, start: number, frames: number, format: WavFormat, read: ReadSample): Float32Array {
  const sampleBytes = format.bitsPerSample / 8
  const samples = new Float32Array(frames)
  let offset = start
  for (let frame = 0; frame < frames; frame++) {
    let sum = 0
    for (let channel = 0; channel < format.channels; channel++, offset += sampleBytes) sum += read(view, offset)
    samples[frame] = sum / format.channels
  }
  return samples
}

/** Editors write a dozen; a file of millions of empty ones would hold up whoever reads through it. */
const mostChunks = 256

function findChunks(view: DataView): { format: WavFormat; dataStart: number; dataBytes: number } {
  let format: WavFormat | undefined
  let chunks = 0
  for (let offset = 12; offset + 8 <= view.byteLength;) {
    chunks += 1
    if (chunks > mostChunks) throw new MediaError(`the WAV file has more than ${mostChunks} chunks before its data`)
    const tag = tagAt(view, offset)
    const size = view.getUint32(offset + 4, true)
    const start = offset + 8
    if (tag === 'fmt ') format = readFormat(view, start, size)
    if (tag === 'data') return { format: required(format), dataStart: start, dataBytes: dataSize(view, start, size) }
    // Chunks are padded to even sizes.
    offset = start + size + (size % 2)
  }
  throw new MediaError('the WAV file is cut short: it has no data chunk')
}

function readFormat(view: DataView, start: number, size: number): WavFormat {
  if (size < 16 || start + size > view.byteLength) throw new MediaError('the WAV file is cut short in its format chunk')
  const declared = view.getUint16(start, true)
  // The first two bytes of the sub-format GUID are the encoding proper.
  const encoding = declared === extensible && size >= 26 ? view.getUint16(start + 24, true) : declared
  const format: WavFormat = {
    encoding,
    channels: view.getUint16(start + 2, true),
    sampleRate: view.getUint32(start + 4, true),
    bitsPerSample: view.getUint16(start + 14, true),
  }
  if (format.channels < 1 || format.channels > 16)
    throw new MediaError(`a WAV file of ${format.channels} channels is not supported`)
  if (format.sampleRate < 4000 || format.sampleRate > 384_000) {
    throw new MediaError(`a sample rate of ${format.sampleRate} Hz is not supported`)
  }
  return format
}

function dataSize(view: DataView, start: number, size: number): number {
  const rest = view.byteLength - start
  // Writers to a pipe cannot go back to fill in the size and leave all ones.
  if (size === 0xffffffff) return rest
  if (size > rest) throw new MediaError('the WAV file is cut short: its header promises more samples than it holds')
  return size
}

function required(format: WavFormat | undefined): WavFormat {
  if (format === undefined) throw new MediaError('the WAV file has no format chunk before its data')
  return format
}

function containerHint(bytes: Uint8Array): string {
  const [a = 0, b = 0] = bytes
  const head = String.fromCharCode(...bytes.subarray(0, 4))
  if (head === 'OggS') return ' but Ogg, which is not supported'
  if (head === 'fLaC') return ' but FLAC, which is not supported'
  if (head.startsWith('ID3') || (a === 0xff && (b & 0xe0) === 0xe0)) return ' but MP3, which is not supported'
  return ''
}

function tagAt(view: DataView, offset: number): string {
  return String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + offset, 4))
}

function finite(value: number): number {
  return Number.isFinite(value) ? Math.max(-1, Math.min(1, value)) : 0
}
