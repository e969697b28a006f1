import sharp, { type Sharp } from 'sharp'

/** The loaders of libvips that are let in: pictures of pixels. Drawings and documents can refer to files and grow without bounds. */
const loaders = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Tiff', 'Heif']
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({ operation: loaders.map(format => `VipsForeignLoad${format}`) })

/** A picture within its limit of pixels decodes in a second or two on a busy machine; what takes longer was made to. */
const timeoutSeconds = 20

/** Opens a picture of any process: first frame only, at most `limitMegapixels`, ended after 20 s, and only formats of pixels. Nothing is decoded yet. */
export function openPicture(bytes: Uint8Array, limitMegapixels: number): Sharp {
  return sharp(bytes, {
    limitInputPixels: Math.min(Number.MAX_SAFE_INTEGER, limitMegapixels * 1e6),
    failOn: 'error',
    animated: false,
  }).timeout({ seconds: timeoutSeconds })
}
