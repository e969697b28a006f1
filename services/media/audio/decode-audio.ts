import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input, type InputAudioTrack } from 'mediabunny'
import { MediaError } from '../media-error.ts'
import { adtsOf, decodeAac } from './decode-aac.ts'
import { createMonoSink, targetRateHz, type MonoSink } from './mono-sink.ts'
import { oggLinksOf } from './ogg-links.ts'
import { openPcm } from './open-pcm.ts'
import { openCodec, openOggVorbis, type Codec } from './open-codec.ts'
import { writeWav } from './write-wav.ts'

/** A recording as models of speech take it. */
export interface DecodedAudio {
  /** A WAV file of one channel of 16-bit integers at 16 kHz. */
  readonly wav: Uint8Array
  readonly durationMs: number
  /** Of the recording as it came. */
  readonly sampleRateHz: number
  readonly channels: number
}

/** Packets that are decoded at once. */
const batchPackets = 64
/** What a codec drops at the ends, and what headers round. */
const slackSeconds = 0.5
const slackShare = 0.02
const damaged = 'the audio is damaged or cut short'

/**
 * Decodes the sound track of an MP3, MP4, WebM, Matroska, Ogg, FLAC or ADTS file into one channel of 16 kHz.
 * @throws MediaError when it has none, is of a codec that is not read, is cut short, or is longer than `limitSeconds`
 */
export async function decodeAudio(bytes: Uint8Array, mediaType: string, limitSeconds: number): Promise<DecodedAudio> {
  const sink = createMonoSink(limitSeconds)
  const tracks: InputAudioTrack[] = []
  for (const link of oggLinksOf(bytes)) tracks.push(await decodeLink(link, mediaType, limitSeconds, sink))
  const samples = sink.finish()
  return {
    wav: writeWav(samples, targetRateHz),
    durationMs: (samples.length / targetRateHz) * 1000,
    sampleRateHz: tracks[0]!.sampleRate,
    channels: tracks[0]!.numberOfChannels,
  }
}

/** Decodes one recording behind what the sink has. */
async function decodeLink(
  bytes: Uint8Array,
  mediaType: string,
  limitSeconds: number,
  sink: MonoSink,
): Promise<InputAudioTrack> {
  const input = new Input({ source: new BufferSource(bytes), formats: ALL_FORMATS })
  const track = await orDamaged(input.getPrimaryAudioTrack())
  if (track === null) throw new MediaError('it holds no sound track, or is cut short')
  const declared = await declaredSeconds(track, mediaType)
  if ((declared ?? 0) > limitSeconds) {
    throw new MediaError(`it is ${Math.round(declared ?? 0)} s long, at most ${limitSeconds} s are taken`)
  }
  const before = sink.seconds
  await decodeTrack(track, mediaType, bytes, sink)
  const reached = await reachedSeconds(input, sink.seconds - before)
  if (declared !== null && reached < declared * (1 - slackShare) - slackSeconds) throw new MediaError(damaged)
  return track
}

/** What the file says of its length; Ogg says it on its last page. */
async function declaredSeconds(track: InputAudioTrack, mediaType: string): Promise<number | null> {
  const told = await orDamaged(track.getDurationFromMetadata())
  return told === null && mediaType === 'audio/ogg' ? orDamaged(track.computeDuration()) : told
}

/** Matroska declares the length of its longest track, which may be the picture's. */
async function reachedSeconds(input: Input, seconds: number): Promise<number> {
  const pictures = await orDamaged(input.getVideoTracks())
  const others = await Promise.all(pictures.map(async picture => orDamaged(picture.computeDuration())))
  return Math.max(seconds, ...others)
}

async function decodeTrack(
  track: InputAudioTrack,
  mediaType: string,
  bytes: Uint8Array,
  sink: MonoSink,
): Promise<void> {
  const description = await descriptionOf(track)
  if (track.codec === 'aac') return decodeAac(packetsOf(track), description && adtsOf(description), sink)
  const isOggVorbis = track.codec === 'vorbis' && mediaType === 'audio/ogg'
  const codec = isOggVorbis ? await openOggVorbis() : await codecOf(track, description)
  try {
    await (isOggVorbis ? decodePieces(bytes, codec, sink, track) : decodePackets(track, codec, sink))
  } catch (error) {
    throw error instanceof MediaError ? error : new MediaError(damaged)
  } finally {
    codec.free()
  }
}

async function codecOf(
  { codec, numberOfChannels: channels, sampleRate: sampleRateHz }: InputAudioTrack,
  description: Uint8Array | undefined,
): Promise<Codec> {
  const name = codec ?? 'unknown'
  const opened = (await openCodec(name, description)) ?? openPcm(name, { channels, sampleRateHz })
  if (opened === undefined) throw new MediaError(`its codec is not read: ${name}`)
  return opened
}

async function decodePackets(track: InputAudioTrack, codec: Codec, sink: MonoSink): Promise<void> {
  let batch: Uint8Array[] = []
  for await (const packet of packetsOf(track)) {
    batch.push(packet)
    if (batch.length < batchPackets) continue
    sink.push(await codec.decode(batch))
    batch = []
  }
  if (batch.length > 0) sink.push(await codec.decode(batch))
}

const pieceBytes = 65_536

async function decodePieces(bytes: Uint8Array, codec: Codec, sink: MonoSink, track: InputAudioTrack): Promise<void> {
  // A file of Ogg that is cut short has no last page, which this looks for.
  await track.computeDuration()
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
    sink.push(await codec.decode([bytes.subarray(at, at + pieceBytes)]))
  }
  if (codec.flush !== undefined) sink.push(await codec.flush())
}

async function* packetsOf(track: InputAudioTrack): AsyncGenerator<Uint8Array> {
  try {
    for await (const packet of new EncodedPacketSink(track).packets()) yield packet.data
  } catch {
    throw new MediaError(damaged)
  }
}

/** The demuxer's own words are of its insides. */
async function orDamaged<Value>(reading: Promise<Value>): Promise<Value> {
  try {
    return await reading
  } catch {
    throw new MediaError(damaged)
  }
}

async function descriptionOf(track: InputAudioTrack): Promise<Uint8Array | undefined> {
  const config = await orDamaged(track.getDecoderConfig())
  return config?.description === undefined ? undefined : bytesOf(config.description)
}

function bytesOf(source: ArrayBufferView | ArrayBufferLike): Uint8Array {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source)
}
