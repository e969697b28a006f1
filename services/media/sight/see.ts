import { MediaError } from '../media-error.ts'
import { joinPictures, jpegOf, pngOf, type PictureFile } from './join-pictures.ts'
import { readFrames, type FrameLimits } from './read-frames.ts'
import { drawPdfPages, readPdfTexts, type PdfLimits } from './read-pdf.ts'

/** What is to be seen of a document or a video. */
export type SightOrder =
  | { readonly kind: 'texts'; readonly bytes: Uint8Array; readonly limits: PdfLimits }
  | { readonly kind: 'pages'; readonly bytes: Uint8Array; readonly limits: PdfLimits }
  /** As one file of pictures, or as pictures. */
  | {
      readonly kind: 'frames'
      readonly as: 'file' | 'pictures'
      readonly bytes: Uint8Array
      readonly limits: FrameLimits
    }

/** What was seen. */
export type Sight =
  | { readonly kind: 'texts'; readonly texts: readonly string[] }
  | {
      readonly kind: 'pictures'
      readonly pictures: readonly PictureFile[]
      readonly facts: SightFacts
      /** Pages of a document that could not be drawn, from 1. */
      readonly lostPages?: readonly number[]
    }

/** Features of how hard a video is. */
export type SightFacts = Readonly<Partial<Record<'durationMs' | 'motion' | 'cuts', number>>>

/** Looks at a document or a video. @throws MediaError when it cannot be read, or exceeds the limits */
export async function see(order: SightOrder): Promise<Sight> {
  if (order.kind === 'texts') return { kind: 'texts', texts: await readPdfTexts(order.bytes, order.limits) }
  if (order.kind === 'pages') {
    const pages = await drawPdfPages(order.bytes, order.limits, async page => ({
      png: await pngOf(page, 4),
      isLost: page.isLost,
    }))
    const lostPages = pages.flatMap(({ isLost }, place) => (isLost ? [place + 1] : []))
    if (lostPages.length === pages.length)
      throw new MediaError('no page of the document can be drawn: its pictures are damaged')
    return { kind: 'pictures', pictures: [await joinPictures(pages.map(({ png }) => png))], facts: {}, lostPages }
  }
  const { frames, ...facts } = await readFrames(order.bytes, order.limits)
  if (order.as === 'file') {
    const pictures = await Promise.all(frames.map(async frame => pngOf(frame, 3)))
    return { kind: 'pictures', pictures: [await joinPictures(pictures)], facts }
  }
  const pictures = await Promise.all(
    frames.map(async frame => {
      const bytes = await jpegOf(frame)
      return { bytes, mediaType: 'image/jpeg', width: frame.width, height: frame.height, pages: 1 }
    }),
  )
  return { kind: 'pictures', pictures, facts }
}
