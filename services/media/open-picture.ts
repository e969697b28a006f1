import type { Sharp } from 'sharp'

/**
 * The loaders of libvips that are let in: pictures of pixels. Drawings and documents can refer to files and grow
 * without bounds.
 */
const loaders = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Tiff', 'Heif']

/** A tenth of a second of loading, so it is done once there is time, or a picture. */
const openLibrary = async () => {
  const { default: sharp } = await import('sharp')
  sharp.block({ operation: ['VipsForeignLoad'] })
  sharp.unblock({ operation: loaders.map(format => `VipsForeignLoad${format}`) })
  return sharp
}
let library: ReturnType<typeof openLibrary> | undefined

/** Loads what opens pictures, so that the first one need not wait for it. */
export async function preparePictures(): Promise<void> {
  await (library ??= openLibrary())
}

/** A picture within its limit of pixels decodes in a second or two on a busy machine; what takes longer was made to. */
const timeoutSeconds = 20

/**
 * Opens one page of a picture of any process (frames of an animation are pages, from 0): at most `limitMegapixels`,
 * ended after 20 s, and only formats of pixels. Nothing is decoded yet.
 */
export async function openPicture(bytes: Uint8Array, limitMegapixels: number, page = 0): Promise<Sharp> {
  const sharp = await (library ??= openLibrary())
  return sharp(bytes, {
    limitInputPixels: Math.min(Number.MAX_SAFE_INTEGER, limitMegapixels * 1e6),
    failOn: 'error',
    // Formats of one page refuse to be asked for another.
    ...(page > 0 && { page, pages: 1 }),
  }).timeout({ seconds: timeoutSeconds })
}
