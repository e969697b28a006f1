import type { Metadata } from 'sharp'
import type { MediumKind } from '#services/contract/content'
import { invalidField } from '#services/contract/errors'
import { readWavFacts } from '#services/media/decode-wav'
import { readVideoFacts } from './media/read-video.ts'
import { MediaError } from '#services/media/media-error'
import { findImageEnd } from '#services/media/image-end'
import { openPicture } from '#services/media/open-picture'
import { sniffMedia, type Sniffed } from '#services/media/sniff-media'
import { insteadOf } from '#services/media/unreadable-types'

/** What media are held to. */
export interface MediaLimits {
  readonly imageMegapixels: number
  readonly audioSeconds: number
}

/** A medium as its caller gave it. */
export interface GivenMedia {
  readonly kind: MediumKind
  readonly bytes: Uint8Array
  readonly mediaType?: string
}

/** What was found: the type that the bytes have, and the facts of their header. */
export interface MediaFacts {
  readonly mediaType: string
  readonly header: Readonly<Record<string, number>>
}

/**
 * Checks a medium by its bytes without decoding it; of recordings other than WAV only what they are.
 * @throws GatewayError InvalidRequest that names the field
 */
export async function checkMedia(given: GivenMedia, field: string, limits: MediaLimits): Promise<MediaFacts> {
  const at = `${field}.bytes`
  const found = recognise(given, at)
  checkDeclared(given.mediaType, found.mediaType, field)
  if (given.kind === 'image')
    return { mediaType: found.mediaType, header: await imageHeader(given.bytes, found.mediaType, at, limits) }
  if (given.kind === 'document') return { mediaType: found.mediaType, header: documentHeader(given.bytes, at) }
  if (given.kind === 'audio') {
    const isWav = found.mediaType === wavType
    return { mediaType: found.mediaType, header: isWav ? audioHeader(given.bytes, at, limits) : {} }
  }
  return { mediaType: found.mediaType, header: videoHeader(given.bytes, found.mediaType, at) }
}

/** What the bytes are, if that is what they are said to be and what is read. */
function recognise({ kind, bytes }: GivenMedia, at: string): Sniffed {
  if (bytes.byteLength === 0) throw invalidField(at, 'it is empty')
  const found = asGiven(sniffMedia(bytes), kind)
  if (found === undefined) throw invalidField(at, `it is no ${kind} of a kind that is known`)
  const instead = insteadOf(found.mediaType)
  const isMeant = found.kind === kind || (kind === 'audio' && found.kind === 'video')
  if (instead !== undefined && isMeant) throw invalidField(at, `${found.mediaType} cannot be read: ${instead}`)
  if (found.kind !== kind) throw invalidField(at, `expected ${kind}, found ${found.mediaType}`)
  return found
}

/** The type of recordings that need no decoder. */
export const wavType = 'audio/wav'

/** Containers of video may hold sound alone: who calls one audio means its sound track. */
function asGiven(found: Sniffed | undefined, kind: MediumKind): Sniffed | undefined {
  if (kind !== 'audio' || found?.kind !== 'video') return found
  return insteadOf(found.mediaType) !== undefined
    ? found
    : { kind, mediaType: found.mediaType.replace('video/', 'audio/') }
}

/** Another name for the same type, or none, is no lie; another type is. */
function checkDeclared(declared: string | undefined, found: string, field: string): void {
  if (declared === undefined || declared === 'application/octet-stream') return
  const plain = declared.split(';')[0]?.trim().toLowerCase() ?? ''
  const same = plain === found || (aliases[found] ?? []).includes(plain)
  if (same) return
  const shown = mediaTypeShape.test(plain) ? plain : 'something else'
  throw invalidField(`${field}.media_type`, `it says ${shown}, the bytes are ${found}`)
}

/** What is of this shape may be said back to its caller. */
const mediaTypeShape = /^[a-z]{1,20}\/[a-z0-9.+-]{1,60}$/u

const aliases: Readonly<Record<string, readonly string[]>> = {
  'image/jpeg': ['image/jpg'],
  'audio/wav': ['audio/x-wav', 'audio/wave', 'audio/vnd.wave'],
  'audio/mpeg': ['audio/mp3'],
  'audio/mp4': ['audio/m4a', 'audio/x-m4a', 'video/mp4', 'video/quicktime'],
  'audio/webm': ['video/webm', 'video/x-matroska', 'audio/x-matroska'],
  'audio/ogg': ['audio/opus', 'audio/vorbis', 'application/ogg', 'video/ogg'],
  'audio/flac': ['audio/x-flac'],
  'audio/aac': ['audio/aacp', 'audio/x-aac'],
  'image/heic': ['image/heif'],
  'image/bmp': ['image/x-ms-bmp'],
}

async function imageHeader(
  bytes: Uint8Array,
  mediaType: string,
  at: string,
  limits: MediaLimits,
): Promise<Record<string, number>> {
  const { width, height, pages = 1 } = await metadataOf(bytes, at)
  const megapixels = (width * height) / 1e6
  if (megapixels > limits.imageMegapixels) {
    throw invalidField(at, `it has ${megapixels.toFixed(1)} megapixels, at most ${limits.imageMegapixels} are taken`)
  }
  const end = findImageEnd(bytes, mediaType)
  // A decoder shows the frames before the cut as if they were all.
  if (end === 'cut') throw invalidField(at, 'the image is cut short')
  if (end === 'unknown') await checkDecodes(bytes, pages, at, limits)
  return { width, height, bytes: bytes.byteLength, ...(pages > 1 && { pages }) }
}

async function metadataOf(bytes: Uint8Array, at: string): Promise<Metadata> {
  try {
    // Only the header is read; the limit is our own, so that the answer can name it.
    return await (await openPicture(bytes, Number.POSITIVE_INFINITY)).metadata()
  } catch {
    // The decoder's own words can quote the content.
    throw invalidField(at, 'the image cannot be read')
  }
}

/** Decodes the first and the last page: what is cut short lacks a part of one of them. */
async function checkDecodes(bytes: Uint8Array, pages: number, at: string, limits: MediaLimits): Promise<void> {
  for (const page of new Set([0, pages - 1])) {
    try {
      const picture = await openPicture(bytes, limits.imageMegapixels, page)
      await picture.resize(decodedSide, decodedSide, { fit: 'inside', kernel: 'nearest' }).raw().toBuffer()
    } catch {
      throw invalidField(at, 'the image is damaged or cut short')
    }
  }
}

/** All of a picture is decoded; little of it is kept. */
const decodedSide = 64

/**
 * A PDF that was cut short lacks its last line.
 * @source ISO 32000-2, 7.5.5 "File trailer": readers look for it in the last 1,024 bytes
 */
function documentHeader(bytes: Uint8Array, at: string): Readonly<Record<string, number>> {
  const tail = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).subarray(-1024).toString('latin1')
  if (!tail.includes('%%EOF')) throw invalidField(at, 'the document is cut short')
  return { bytes: bytes.byteLength }
}

function videoHeader(bytes: Uint8Array, mediaType: string, at: string): Readonly<Record<string, number>> {
  try {
    return { ...readVideoFacts(bytes, mediaType), bytes: bytes.byteLength }
  } catch (error) {
    if (error instanceof MediaError) throw invalidField(at, error.message)
    throw error
  }
}

function audioHeader(bytes: Uint8Array, at: string, limits: MediaLimits): Record<string, number> {
  try {
    const { durationMs, sampleRateHz, channels } = readWavFacts(bytes)
    if (durationMs > limits.audioSeconds * 1000) {
      throw new MediaError(`it is ${Math.round(durationMs / 1000)} s long, at most ${limits.audioSeconds} s are taken`)
    }
    return { durationMs, sampleRateHz, channels, bytes: bytes.byteLength }
  } catch (error) {
    if (error instanceof MediaError) throw invalidField(at, error.message)
    throw error
  }
}
