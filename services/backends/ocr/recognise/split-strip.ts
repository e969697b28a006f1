import type { Picture } from '#services/media/open-pages'
import { stepPixels } from './ctc.ts'

/** A piece of a strip, from one of its columns on. */
export interface Piece {
  readonly from: number
  readonly strip: Picture
}

/** Wider strips are cut. The recogniser was trained on lines of 320 pixels and loses characters in very long ones. */
const widestPiece = 1280
/** What neighbours share: two wide characters on each side of the seam. */
const sharedPixels = 192

/**
 * Cuts a strip into pieces of equal width that overlap and begin at a time step, so that their steps lie on one
 * another; a strip that is not too wide is one piece.
 */
export function splitStrip(strip: Picture): readonly Piece[] {
  if (strip.width <= widestPiece) return [{ from: 0, strip }]
  const count = Math.ceil((strip.width - sharedPixels) / (widestPiece - sharedPixels))
  const advance = Math.ceil((strip.width - sharedPixels) / count / stepPixels) * stepPixels
  return Array.from({ length: count }, (_, index) => {
    const from = index * advance
    return { from, strip: columnsOf(strip, from, Math.min(strip.width, from + advance + sharedPixels)) }
  })
}

/** The columns of a strip between two. */
export function columnsOf(strip: Picture, from: number, to: number): Picture {
  const width = to - from
  const data = new Uint8Array(width * strip.height * 3)
  for (let row = 0; row < strip.height; row++) {
    const start = (row * strip.width + from) * 3
    data.set(strip.data.subarray(start, start + width * 3), row * width * 3)
  }
  return { data, width, height: strip.height }
}
