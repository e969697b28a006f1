import type { Point } from './minimal-rectangle.ts'
import { heightOf, type TextBox } from './text-boxes.ts'

/** Neighbours of a row overlap by their margins alone: by less than this share of the narrower one. */
const mostOverlap = 0.4
/** The middles of two boxes of one row differ by less than this share of the lower one's height. */
const sameRow = 0.4

type Corners = TextBox['corners']

/**
 * Parts boxes of one row that overlap at their ends in the middle of the overlap, else what stands there is read
 * twice.
 */
export function partNeighbours(boxes: readonly TextBox[]): readonly TextBox[] {
  const parted = boxes.map(box => box.corners)
  for (let left = 0; left < parted.length; left++) {
    for (let right = 0; right < parted.length; right++) {
      if (left === right || !mayTouch(parted[left]!, parted[right]!)) continue
      const overlap = overlapOf(parted[left]!, parted[right]!)
      if (overlap === 0) continue
      parted[left] = shortened(parted[left]!, overlap / 2, 'end')
      parted[right] = shortened(parted[right]!, overlap / 2, 'beginning')
    }
  }
  return boxes.map((box, place) => ({ ...box, corners: parted[place]! }))
}

/** A quick test, since most pairs of a page are far apart. */
function mayTouch([, topRight, bottomRight]: Corners, [topLeft]: Corners): boolean {
  return (
    topLeft.x <= Math.max(topRight.x, bottomRight.x) && Math.abs(topLeft.y - topRight.y) < bottomRight.y - topRight.y
  )
}

/** By how much the beginning of the right box lies within the end of the left one; 0 where they are not of one row. */
function overlapOf(left: Corners, right: Corners): number {
  const [from, to, , below] = left
  const width = Math.hypot(to.x - from.x, to.y - from.y)
  const along = { x: (to.x - from.x) / width, y: (to.y - from.y) / width }
  const place = (point: Point): number => (point.x - from.x) * along.x + (point.y - from.y) * along.y
  const across = (point: Point): number => (point.y - from.y) * along.x - (point.x - from.x) * along.y
  const lower = Math.min(heightOf({ corners: left }), heightOf({ corners: right }))
  const middle = (across(right[0]) + across(right[3])) / 2 - across(below) / 2
  const [begin, end] = [place(right[0]), place(right[1])]
  const overlap = width - begin
  const isNeighbour = Math.abs(middle) < sameRow * lower && end > width
  return isNeighbour && overlap > 0 && overlap < mostOverlap * Math.min(width, end - begin) ? overlap : 0
}

function shortened(
  [topLeft, topRight, bottomRight, bottomLeft]: Corners,
  by: number,
  at: 'beginning' | 'end',
): Corners {
  const width = Math.max(1, Math.hypot(topRight.x - topLeft.x, topRight.y - topLeft.y))
  const step = { x: ((topRight.x - topLeft.x) / width) * by, y: ((topRight.y - topLeft.y) / width) * by }
  const moved = (point: Point, sign: 1 | -1): Point => ({ x: point.x + sign * step.x, y: point.y + sign * step.y })
  return at === 'end'
    ? [topLeft, moved(topRight, -1), moved(bottomRight, -1), bottomLeft]
    : [moved(topLeft, 1), topRight, bottomRight, moved(bottomLeft, 1)]
}
