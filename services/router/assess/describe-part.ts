import { isWords, type WordPart } from '#services/contract/content'
import { decodeWav } from '#services/media/decode-wav'
import { layOnGround } from '#services/media/lay-on-ground'
import { openPicture } from '#services/media/open-picture'
import { describeAudio } from '#services/decision/features/describe-audio'
import { describeImage } from '#services/decision/features/describe-image'
import type { PartDescription } from '#services/decision/policy/policy'
import type { CheckedPart } from '#services/router/request/states'
import { describeHeader } from './describe-header.ts'

/** Longer side of the raster that image signs are read from. */
const rasterSide = 192
/**
 * Admission has checked against the deployment's own limit, which is far below; this is for callers that come another
 * way.
 */
const mostMegapixels = 268
/** Longer sound is described by its header alone: decoding it would hold up every other request of this router. */
const analysedSeconds = 60
/** Time limit of decoding an image; it is stopped then. */
const decodeSeconds = 1

/**
 * Describes a part as estimators see it: text as it is, media by the signs of their header and of a small look
 * inside.
 */
export async function describePart(part: CheckedPart): Promise<PartDescription> {
  if (part.kind === 'image') return { kind: 'image', features: await imageFeatures(part) }
  const short = !isWords(part) && (part.header['durationMs'] ?? 0) <= analysedSeconds * 1000
  if (part.kind === 'audio' && part.mediaType === 'audio/wav' && short)
    return { kind: 'audio', features: audioFeatures(part) }
  return describeHeader(part)
}

type Media = Exclude<CheckedPart, WordPart>

async function imageFeatures({ bytes, header }: Media): Promise<Readonly<Record<string, number>>> {
  const picture = (await openPicture(bytes, mostMegapixels))
    .timeout({ seconds: decodeSeconds })
    .resize(rasterSide, rasterSide, { fit: 'inside', withoutEnlargement: true, kernel: 'nearest' })
  const { hasAlpha } = await picture.metadata()
  const { data, info } = await (hasAlpha ? picture.toColourspace('srgb').ensureAlpha() : picture.greyscale())
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  const { width = info.width, height = info.height } = header
  const grey = hasAlpha ? greyOf(layOnGround(data), 3) : greyOf(data, info.channels)
  return describeImage({ width, height, bytes: bytes.byteLength }, { grey, width: info.width, height: info.height })
}

/** The brightness of pixels; of coloured ones the green, which is most of it. */
function greyOf(data: Uint8Array, channels: number): Uint8Array {
  const at = channels === 3 ? 1 : 0
  return Uint8Array.from({ length: data.length / channels }, (_, pixel) => data[pixel * channels + at]!)
}

function audioFeatures({ bytes }: Media): Readonly<Record<string, number>> {
  const { samples, sampleRate } = decodeWav(bytes, Number.POSITIVE_INFINITY)
  return describeAudio(samples, sampleRate)
}
