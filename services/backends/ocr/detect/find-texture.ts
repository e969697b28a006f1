import type { Corners } from '../recognise/cut-line.ts'
import type { Picture } from '#services/media/open-pages'
import type { Area } from './detector-input.ts'

/** How much of a picture looks as writing does, and how much of that lies outside the lines that were found. */
export interface Texture {
  /** Blocks of 16 by 16 pixels with strokes side by side. */
  readonly blocks: number
  /** Share of those that no line covers. */
  readonly uncoveredRatio: number
  /** What holds all of them, in pixels; empty where there are none. */
  readonly area: Area
}

const blockSide = 16
/** Rows that are sampled: every fourth suffices for letters of readable size. */
const rowStep = 4
/** Grey values of ink and paper differ by this from one pixel to the next but one. */
const edgeStep = 40
/** Edges of a row within a block: two strokes. */
const leastEdges = 3
/** Rows of a block with strokes. */
const leastRows = 2

/** Looks for strokes side by side, which letters are made of and so are leaves and fabric. */
export function findTexture(picture: Picture, lines: readonly Corners[]): Texture {
  const columns = Math.floor(picture.width / blockSide)
  const rows = Math.floor(picture.height / blockSide)
  const covered = coveredBlocks(lines, columns, rows)
  const line = new Uint8Array(picture.width)
  let blocks = 0
  let uncovered = 0
  let [left, top, right, bottom] = [columns, rows, 0, 0]
  for (let row = 0; row < rows; row++) {
    const busy = new Uint8Array(columns)
    for (let y = row * blockSide; y < (row + 1) * blockSide; y += rowStep) {
      readGreen(picture, y, line)
      for (let column = 0; column < columns; column++) {
        if (edgesIn(line, column * blockSide) >= leastEdges) busy[column]! += 1
      }
    }
    for (let column = 0; column < columns; column++) {
      if (busy[column]! < leastRows) continue
      blocks += 1
      left = Math.min(left, column)
      right = Math.max(right, column + 1)
      top = Math.min(top, row)
      bottom = row + 1
      if (covered[row * columns + column] === 0) uncovered += 1
    }
  }
  if (blocks === 0) return { blocks, uncoveredRatio: 0, area: { x: 0, y: 0, width: 0, height: 0 } }
  const area = { x: left, y: top, width: right - left, height: bottom - top }
  return { blocks, uncoveredRatio: uncovered / blocks, area: scaled(area, blockSide) }
}

function scaled({ x, y, width, height }: Area, by: number): Area {
  return { x: x * by, y: y * by, width: width * by, height: height * by }
}

/** Green alone: most of what the eye takes for brightness. */
function readGreen({ data, width }: Picture, y: number, into: Uint8Array): void {
  for (let x = 0, at = y * width * 3 + 1; x < width; x++, at += 3) into[x] = data[at]!
}

/** Changes between light and dark along a row of a block. */
function edgesIn(line: Uint8Array, from: number): number {
  let edges = 0
  let before = 0
  for (let x = from + 2; x < from + blockSide; x++) {
    const step = line[x]! - line[x - 2]!
    const direction = step > edgeStep ? 1 : step < -edgeStep ? -1 : 0
    if (direction !== 0 && direction !== before) edges += 1
    if (direction !== 0) before = direction
  }
  return edges
}

/** Boxes are wider than their writing, and reach into the lines above and below. */
function middleHalf(values: readonly number[]): readonly [number, number] {
  const [from, to] = [Math.min(...values), Math.max(...values)]
  return [from + (to - from) / 4, to - (to - from) / 4]
}

function coveredBlocks(lines: readonly Corners[], columns: number, rows: number): Uint8Array {
  const covered = new Uint8Array(columns * rows)
  for (const corners of lines) {
    const xs = corners.map(corner => corner.x / blockSide)
    const ys = middleHalf(corners.map(corner => corner.y / blockSide))
    const from = Math.max(0, Math.floor(Math.min(...xs)))
    const to = Math.min(columns, Math.ceil(Math.max(...xs)))
    for (let row = Math.max(0, Math.floor(Math.min(...ys))); row < Math.min(rows, Math.ceil(Math.max(...ys))); row++) {
      if (to > from) covered.fill(1, row * columns + from, row * columns + to)
    }
  }
  return covered
}
