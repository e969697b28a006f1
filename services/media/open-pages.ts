import type { Metadata } from 'sharp'
import { apngPagesOf } from './apng-pages.ts'
import { layOnGround } from './lay-on-ground.ts'
import { MediaError } from './media-error.ts'
import { openPicture } from './open-picture.ts'

/** A decoded picture: uint8 [height, width, 3], RGB. */
export interface Picture {
  readonly data: Uint8Array
  readonly width: number
  readonly height: number
}

/** A file of one picture or of several: pages of a TIFF, frames of an animation. */
export interface Pages {
  readonly count: number
  /** How many can be decoded, from the first on: of an animated PNG only the first. */
  readonly readable: number
  /** True of an animation, whose frames repeat what they show. */
  readonly animated: boolean
  /** Decodes one page, from 0. @throws MediaError as {@link openPages} */
  load(page: number): Promise<Picture>
}

/** Less holds no letter, and resizing needs some pixels to work on. */
const leastSide = 8

/**
 * Opens a file of pictures. Each page is decoded when it is asked for: upright by its EXIF orientation, and on a
 * ground that its content stands out from where it is transparent. Headers are read first: what is over the limit
 * is refused before any pixel is allocated.
 * @throws MediaError when it is no picture, is cut short, or a page has more than `limitMegapixels`
 */
export async function openPages(bytes: Uint8Array, limitMegapixels: number): Promise<Pages> {
  const header = await readHeader(bytes, 0)
  checkHeader(header, limitMegapixels)
  const readable = header.pages ?? 1
  return {
    count: header.format === 'png' ? apngPagesOf(bytes) : readable,
    readable,
    animated: header.format !== 'tiff',
    async load(page) {
      if (page > 0) checkHeader(await readHeader(bytes, page), limitMegapixels)
      return decode(bytes, limitMegapixels, page)
    },
  }
}

async function decode(bytes: Uint8Array, limitMegapixels: number, page: number): Promise<Picture> {
  try {
    const { data, info } = await (
      await openPicture(bytes, limitMegapixels, page)
    )
      .autoOrient()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    return { data: withoutAlpha(data, info.channels), width: info.width, height: info.height }
  } catch (error) {
    throw new MediaError('the image is damaged or cut short', { cause: error })
  }
}

function withoutAlpha(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return data
  if (channels === 4) return layOnGround(data)
  return channels === 2 ? layOnGround(tripled(data, 2)) : tripled(data, 1)
}

function checkHeader(header: Metadata, limitMegapixels: number): void {
  const megapixels = (header.width * header.height) / 1e6
  if (megapixels > limitMegapixels) {
    throw new MediaError(`the image has ${Math.round(megapixels)} megapixels, more than ${limitMegapixels}`)
  }
  if (Math.min(header.width, header.height) < leastSide)
    throw new MediaError(`the image is smaller than ${leastSide} pixels`)
}

async function readHeader(bytes: Uint8Array, page: number): Promise<Metadata> {
  try {
    return await (await openPicture(bytes, Number.POSITIVE_INFINITY, page)).metadata()
  } catch (error) {
    throw new MediaError('the image is of no supported format, or damaged', { cause: error })
  }
}

/** Grey as three equal channels; what follows it, such as alpha, stays. */
function tripled(grey: Uint8Array, channels: number): Uint8Array {
  const pixels = grey.length / channels
  const wide = channels + 2
  const data = new Uint8Array(pixels * wide)
  for (let pixel = 0; pixel < pixels; pixel++) {
    data.fill(grey[pixel * channels]!, pixel * wide, pixel * wide + 3)
    if (channels === 2) data[pixel * wide + 3] = grey[pixel * 2 + 1]!
  }
  return data
}
