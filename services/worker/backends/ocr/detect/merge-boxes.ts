import type { TextBox } from './text-boxes.ts'

interface Extent {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** Boxes of two passes cover the same line when they share this much of the smaller one. */
const sameShare = 0.5

/** Joins the boxes of several passes over one picture: a later pass adds only what the earlier ones did not find. */
export function mergeBoxes(passes: readonly (readonly TextBox[])[]): readonly TextBox[] {
  const merged: TextBox[] = []
  for (const pass of passes) {
    const known = merged.map(extentOf)
    merged.push(...pass.filter(box => known.every(extent => overlap(extent, extentOf(box)) < sameShare)))
  }
  return merged
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
