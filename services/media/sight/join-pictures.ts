import sharp from 'sharp'
import type { DrawnPage } from './read-pdf.ts'
import type { Frame } from './choose-frames.ts'

/** Pictures of one file: pages of a TIFF. */
export interface PictureFile {
  readonly bytes: Uint8Array
  readonly mediaType: string
  readonly width: number
  readonly height: number
  readonly pages: number
}

/** Writes a page of RGBA as a PNG of the given size, on white. */
export async function pngOf(
  { data, width, height }: Omit<DrawnPage, 'isLost'> | Frame,
  channels: 3 | 4,
): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels } })
    .flatten({ background: 'white' })
    .png({ compressionLevel: 2 })
    .toBuffer()
}

/** Writes a frame as a JPEG. */
export async function jpegOf({ data, width, height }: Frame): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer()
}

/** Joins pictures to one file; smaller ones get a white rim. */
export async function joinPictures(pictures: readonly Uint8Array[]): Promise<PictureFile> {
  const sizes = await Promise.all(pictures.map(async picture => sharp(picture).metadata()))
  const width = Math.max(...sizes.map(size => size.width))
  const height = Math.max(...sizes.map(size => size.height))
  const [only, ...others] = pictures
  if (only !== undefined && others.length === 0) return { bytes: only, mediaType: 'image/png', width, height, pages: 1 }
  const even = await Promise.all(
    pictures.map(async (picture, place) =>
      sizes[place]!.width === width && sizes[place]!.height === height
        ? picture
        : sharp(picture)
            .extend({
              right: width - sizes[place]!.width,
              bottom: height - sizes[place]!.height,
              background: 'white',
            })
            .png({ compressionLevel: 2 })
            .toBuffer(),
    ),
  )
  const joined = sharp(
    even.map(picture => Buffer.from(picture)),
    { join: { animated: true } },
  )
  const bytes = await joined.tiff({ compression: 'deflate' }).toBuffer()
  return { bytes, mediaType: 'image/tiff', width, height, pages: pictures.length }
}
