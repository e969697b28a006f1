import type { Metadata } from 'sharp'
import { MediaError } from '#services/media/media-error'
import { openPicture } from '#services/media/open-picture'

/** A decoded picture: uint8 [height, width, 3], RGB. */
export interface Picture {
  readonly data: Uint8Array
  readonly width: number
  readonly height: number
}

/** Less holds no letter, and resizing needs some pixels to work on. */
const leastSide = 8

/**
 * Decodes a picture, upright by its EXIF orientation, on white where it is transparent.
 * The header is read first: what is over the limit is refused before any pixel is allocated.
 * @throws MediaError when it is no picture, is cut short, or has more than `limitMegapixels`
 */
export async function loadPicture(bytes: Uint8Array, limitMegapixels: number): Promise<Picture> {
  await checkHeader(bytes, limitMegapixels)
  try {
    const { data, info } = await (
      await openPicture(bytes, limitMegapixels)
    )
      .autoOrient()
      .flatten({ background: 'white' })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    return { data: info.channels === 1 ? tripled(data) : data, width: info.width, height: info.height }
  } catch (error) {
    throw new MediaError('the image is damaged or cut short', { cause: error })
  }
}

async function checkHeader(bytes: Uint8Array, limitMegapixels: number): Promise<void> {
  const header = await readHeader(bytes)
  const megapixels = (header.width * header.height) / 1e6
  if (megapixels > limitMegapixels) {
    throw new MediaError(`the image has ${Math.round(megapixels)} megapixels, more than ${limitMegapixels}`)
  }
  if (Math.min(header.width, header.height) < leastSide)
    throw new MediaError(`the image is smaller than ${leastSide} pixels`)
}

async function readHeader(bytes: Uint8Array): Promise<Metadata> {
  try {
    return await (await openPicture(bytes, Number.POSITIVE_INFINITY)).metadata()
  } catch (error) {
    throw new MediaError('the image is of no supported format, or damaged', { cause: error })
  }
}

function tripled(grey: Uint8Array): Uint8Array {
  const data = new Uint8Array(grey.length * 3)
  for (let index = 0; index < grey.length; index++) data.fill(grey[index]!, index * 3, index * 3 + 3)
  return data
}
