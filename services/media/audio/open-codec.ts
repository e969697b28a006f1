import { FLACDecoder } from '@wasm-audio-decoders/flac'
import { OggVorbisDecoder } from '@wasm-audio-decoders/ogg-vorbis'
import { MPEGDecoder } from 'mpg123-decoder'
import { OpusDecoder } from 'opus-decoder'

/** Decoded sound of some packets: one array of float32 in [-1, 1] a channel. */
export interface Block {
  readonly channels: readonly Float32Array[]
  readonly sampleRateHz: number
}

/** Decodes packets of one codec, in their order. */
export interface Codec {
  decode(packets: Uint8Array[]): Promise<Block>
  /** What it still holds back at the end. */
  readonly flush?: () => Promise<Block>
  free(): void
}

/** A codec's properties of a packet. */
interface Decoded {
  readonly channelData: readonly Float32Array[]
  readonly sampleRate: number
  readonly errors: readonly unknown[]
}

const blockOf = ({ channelData, sampleRate }: Decoded): Block => ({ channels: channelData, sampleRateHz: sampleRate })

/** A codec in WebAssembly, by the name that containers give it; `undefined` for one that is not among them. */
export async function openCodec(name: string, description: Uint8Array | undefined): Promise<Codec | undefined> {
  if (name === 'mp3') return ready(new MPEGDecoder())
  if (name === 'flac') return ready(new FLACDecoder())
  if (name === 'opus') return ready(new OpusDecoder(opusLayout(description)))
  return undefined
}

async function ready(decoder: {
  readonly ready: Promise<void>
  readonly decodeFrames: (packets: Uint8Array[]) => Decoded | Promise<Decoded>
  readonly free: () => void
}): Promise<Codec> {
  await decoder.ready
  return { decode: async packets => blockOf(await decoder.decodeFrames(packets)), free: () => decoder.free() }
}

/** Vorbis in Ogg, page by page: its packets alone lack the headers that its decoder wants. */
export async function openOggVorbis(): Promise<Codec> {
  const decoder = new OggVorbisDecoder()
  await decoder.ready
  return {
    decode: async ([piece]) => blockOf(await decoder.decode(piece!)),
    flush: async () => blockOf(await decoder.flush()),
    free: () => decoder.free(),
  }
}

/** The layout of channels in an Opus head. @source RFC 7845, 5.1 */
function opusLayout(head: Uint8Array | undefined): ConstructorParameters<typeof OpusDecoder>[0] {
  if (head === undefined || head.byteLength < 19) return { channels: 2, streamCount: 1, coupledStreamCount: 1 }
  const channels = head[9]!
  const preSkip = head[10]! | (head[11]! << 8)
  if (head[18] === 0) {
    return {
      channels,
      preSkip,
      streamCount: 1,
      coupledStreamCount: channels - 1,
      channelMappingTable: [0, 1].slice(0, channels),
    }
  }
  return {
    channels,
    preSkip,
    streamCount: head[19]!,
    coupledStreamCount: head[20]!,
    channelMappingTable: [...head.subarray(21, 21 + channels)],
  }
}
