import { MediaError } from './media-error.ts'

/** How the samples of a WAV file are written. */
export interface WavFormat {
  readonly encoding: WavEncoding
  readonly channels: number
  readonly sampleRateHz: number
  /** Bits of a sample that count. */
  readonly bitsPerSample: number
  /** Bytes that a sample takes, which may be more than its bits need. */
  readonly sampleBytes: number
  /** Which speaker each channel is for, a bit each from front left on; 0 where the file does not say. */
  readonly channelMask: number
}

/** Encodings of samples, by their number in the format chunk. @source RFC 2361 */
export type WavEncoding = 'integer' | 'float' | 'a-law' | 'u-law'

/** Where the samples of a WAV file are. */
export interface WavLayout {
  readonly format: WavFormat
  readonly dataStart: number
  readonly dataBytes: number
}

const encodings: Readonly<Record<number, WavEncoding>> = { 1: 'integer', 3: 'float', 6: 'a-law', 7: 'u-law' }
const extensible = 0xfffe
/** Names of encodings that are not decoded. */
const foreignEncodings: Readonly<Record<number, string>> = {
  0x02: 'Microsoft ADPCM',
  0x11: 'IMA ADPCM',
  0x31: 'GSM 6.10',
  0x50: 'MPEG',
  0x55: 'MP3',
  0xff: 'AAC',
}

/** Editors write a dozen; a file of millions of empty ones would hold up whoever reads through it. */
const mostChunks = 256

/**
 * Lengths from here on stand for "until the end": writers to a pipe cannot go back to fill the true one in. Seen
 * are 0x7fffefff and less for frames of several bytes, 0x7ffff000, 0x7fffffff, 0x80000000 and 0xffffffff. No file
 * that is taken here is as long.
 */
const endlessBytes = 0x7f00_0000

/**
 * Finds the samples of a WAV file: RIFF, or RF64 and BW64 for more than 4 GiB.
 * @throws MediaError when it is no WAV, is cut short, or of an encoding that is not decoded
 * @source Microsoft, Multimedia Programming Interface and Data Specifications 1.0; WAVEFORMATEXTENSIBLE; EBU Tech
 * 3306; ITU-R BS.2088
 */
export function findWavData(bytes: Uint8Array): WavLayout {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!isWav(view)) throw new MediaError(`the audio is not a WAV file${containerHint(bytes)}`)
  let format: WavFormat | undefined
  let wideDataBytes: number | undefined
  for (const { tag, start, size } of chunksOf(view)) {
    if (tag === 'ds64' && size >= 16) wideDataBytes = Number(view.getBigUint64(start + 8, true))
    if (tag === 'fmt ') format = readFormat(view, start, size)
    if (tag !== 'data') continue
    if (format === undefined) throw new MediaError('the WAV file has no format chunk before its data')
    const declared = size === 0xffff_ffff ? (wideDataBytes ?? size) : size
    return { format, dataStart: start, dataBytes: dataBytesOf(view, start, declared) }
  }
  throw new MediaError('the WAV file is cut short: it has no data chunk')
}

function* chunksOf(view: DataView): Generator<{ readonly tag: string; readonly start: number; readonly size: number }> {
  let offset = 12
  for (let chunks = 0; offset + 8 <= view.byteLength; chunks++) {
    if (chunks === mostChunks) throw new MediaError(`the WAV file has more than ${mostChunks} chunks before its data`)
    const [tag, start, size] = [tagAt(view, offset), offset + 8, view.getUint32(offset + 4, true)]
    if (tag === 'ds64' && start + size > view.byteLength) return
    yield { tag, start, size }
    offset = nextChunk(view, start + size)
  }
}

function isWav(view: DataView): boolean {
  return view.byteLength >= 12 && outerTags.has(tagAt(view, 0)) && tagAt(view, 8) === 'WAVE'
}

const outerTags: ReadonlySet<string> = new Set(['RIFF', 'RF64', 'BW64'])

/** Chunks are padded to even sizes, which some writers forget. */
function nextChunk(view: DataView, end: number): number {
  const isUnpadded = end % 2 === 1 && end + 8 <= view.byteLength && commonTags.has(tagAt(view, end))
  return isUnpadded ? end : end + (end % 2)
}

/** A padding byte never begins one of these. */
const commonTags: ReadonlySet<string> = new Set([
  'data',
  'fmt ',
  'LIST',
  'fact',
  'bext',
  'PEAK',
  'JUNK',
  'cue ',
  'id3 ',
])

function isTag(view: DataView, offset: number): boolean {
  return offset + 8 <= view.byteLength && /^[\x20-\x7e]{4}$/u.test(tagAt(view, offset))
}

/**
 * How many bytes of samples there are. A declared length is believed where it fits. What was never filled in means
 * "until the end". A length that could be true, but is more than came, is a file that was cut short, unless the
 * file as a whole is as long as it says.
 */
function dataBytesOf(view: DataView, start: number, declared: number): number {
  const rest = view.byteLength - start
  if (declared === 0) return isWhole(view) || endsInChunks(view, start) ? 0 : rest
  if (declared <= rest) return declared
  if (declared >= endlessBytes || isWhole(view)) return rest
  throw new MediaError('the WAV file is cut short: its header promises more samples than it holds')
}

/** Whether the file is as long as its first header says: then nothing of it is missing. */
function isWhole(view: DataView): boolean {
  const riffBytes = view.getUint32(4, true)
  return riffBytes === view.byteLength - 8 || riffBytes === view.byteLength
}

/** Whether what follows an empty data chunk are other chunks up to the end. */
function endsInChunks(view: DataView, start: number): boolean {
  let offset = start
  for (let chunks = 0; offset + 8 <= view.byteLength && chunks < mostChunks; chunks++) {
    if (!isTag(view, offset)) return false
    offset = nextChunk(view, offset + 8 + view.getUint32(offset + 4, true))
  }
  return offset >= view.byteLength && offset <= view.byteLength + 1
}

function readFormat(view: DataView, start: number, size: number): WavFormat {
  if (size < 16 || start + size > view.byteLength) throw new MediaError('the WAV file is cut short in its format chunk')
  const declared = view.getUint16(start, true)
  const isExtensible = declared === extensible && size >= 40
  // The first two bytes of the sub-format GUID are the encoding proper.
  const number = isExtensible ? view.getUint16(start + 24, true) : declared
  const channels = view.getUint16(start + 2, true)
  const sampleRateHz = view.getUint32(start + 4, true)
  const bitsPerSample = view.getUint16(start + 14, true)
  if (channels < 1 || channels > 16) throw new MediaError(`a WAV file of ${channels} channels is not supported`)
  if (sampleRateHz < 4000 || sampleRateHz > 384_000) {
    throw new MediaError(`a sample rate of ${sampleRateHz} Hz is not supported`)
  }
  return {
    encoding: encodingOf(number, bitsPerSample),
    channels,
    sampleRateHz,
    bitsPerSample,
    sampleBytes: sampleBytesOf(view, start, channels, bitsPerSample),
    channelMask: isExtensible ? view.getUint32(start + 20, true) : 0,
  }
}

function encodingOf(number: number, bits: number): WavEncoding {
  const encoding = encodings[number]
  const fits =
    encoding === 'integer' ? bits >= 8 && bits <= 32 : encoding === 'float' ? bits === 32 || bits === 64 : bits === 8
  if (encoding !== undefined && fits) return encoding
  const name = foreignEncodings[number] ?? encoding ?? `encoding ${number}`
  throw new MediaError(`a WAV file of ${name} with ${bits} bits a sample is not supported`)
}

/** Samples of 24 bits may take four bytes: the size of a frame tells, where it agrees with the bytes of a second. */
function sampleBytesOf(view: DataView, start: number, channels: number, bits: number): number {
  const needed = Math.ceil(bits / 8)
  const frame = view.getUint16(start + 12, true)
  const agrees = view.getUint32(start + 8, true) === view.getUint32(start + 4, true) * frame
  const declaredBytes = frame / channels
  return agrees && declaredBytes === 4 && needed === 3 ? 4 : needed
}

function containerHint(bytes: Uint8Array): string {
  const [a = 0, b = 0] = bytes
  const head = String.fromCharCode(...bytes.subarray(0, 4))
  if (head === 'OggS') return ' but Ogg, which is not supported'
  if (head === 'fLaC') return ' but FLAC, which is not supported'
  if (head === 'RIFX') return ' but a big-endian one (RIFX), which is not supported'
  if (head.startsWith('ID3') || (a === 0xff && (b & 0xe0) === 0xe0)) return ' but MP3, which is not supported'
  return ''
}

function tagAt(view: DataView, offset: number): string {
  return String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + offset, 4))
}
