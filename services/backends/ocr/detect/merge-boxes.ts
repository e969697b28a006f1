import type { TextBox } from './text-boxes.ts'

interface Extent {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** Boxes of two passes cover the same line when they share this much of the smaller one. */
const sameShare = 0.5

/** A later box reaches further than what is known of its line when it is longer by this factor. */
const furtherReach = 1.15
/** Boxes of one line differ in height by less than this factor. */
const sameHeight = 1.6

/**
 * Joins the boxes of several passes over one picture. A later pass adds what the earlier ones did not find, and
 * lines of which they found only a part.
 */
export function mergeBoxes(passes: readonly (readonly TextBox[])[]): readonly TextBox[] {
  let merged: TextBox[] = []
  for (const pass of passes) {
    const known = merged.map(box => ({ box, extent: extentOf(box) }))
    const replaced = new Set<TextBox>()
    const added: TextBox[] = []
    for (const box of pass) {
      const extent = extentOf(box)
      const same = known.filter(one => overlap(one.extent, extent) >= sameShare)
      if (
        same.length > 0 &&
        !reachesFurther(
          extent,
          same.map(one => one.extent),
        )
      )
        continue
      for (const one of same) replaced.add(one.box)
      added.push(box)
    }
    merged = [...merged.filter(box => !replaced.has(box)), ...added]
  }
  return merged
}

/** Whether a box shows a line of which the known ones are parts. */
function reachesFurther(box: Extent, known: readonly Extent[]): boolean {
  const left = Math.min(...known.map(extent => extent.left))
  const right = Math.max(...known.map(extent => extent.right))
  const height = Math.max(...known.map(extent => extent.bottom - extent.top))
  const own = box.bottom - box.top
  const sameLine = own < height * sameHeight && height < own * sameHeight
  return sameLine && box.right - box.left > (right - left) * furtherReach
}

function extentOf({ corners }: TextBox): Extent {
  const xs = corners.map(corner => corner.x)
  const ys = corners.map(corner => corner.y)
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) }
}

function overlap(a: Extent, b: Extent): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left)
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
  if (width <= 0 || height <= 0) return 0
  return (width * height) / Math.min(areaOf(a), areaOf(b))
}

function areaOf(extent: Extent): number {
  return (extent.right - extent.left) * (extent.bottom - extent.top)
}
