/** A frame: RGB, rows from the top. */
export interface Frame {
  readonly data: Uint8Array
  readonly width: number
  readonly height: number
}

/** Keeps the frames that show something else than the one kept before. */
export interface FrameChoice {
  /** Takes the next frame: RGB. */
  push(data: Uint8Array): void
  finish(): { readonly frames: readonly Frame[]; readonly motion: number; readonly cuts: number }
}

const columns = 64
const rows = 36
/** A cell that changes by this share of the range: a word appears or disappears. */
const changedCell = 0.1
/** The picture changes as a whole where its cells do by this on average. */
const cutChange = 0.15

interface Kept extends Frame {
  readonly cells: Float64Array
  /** The largest change of a cell since the frame kept before. */
  readonly change: number
}

/** Makes one that keeps at most so many: those that differ least from the one before them go first. */
export function createFrameChoice(most: number, width: number, height: number): FrameChoice {
  const kept: Kept[] = []
  let before: Float64Array | undefined
  let changes = 0
  let seen = 0
  let cuts = 0
  return {
    push(data) {
      const cells = cellsOf(data, width, height)
      const step = before === undefined ? 0 : meanChange(before, cells)
      before = cells
      seen += 1
      changes += step
      if (step >= cutChange) cuts += 1
      const last = kept.at(-1)
      const change = last === undefined ? 1 : largestChange(last.cells, cells)
      if (change < changedCell) return
      kept.push({ data, width, height, cells, change })
      if (kept.length > most) kept.splice(leastChanged(kept), 1)
    },
    finish: () => ({
      frames: kept.map(({ data }) => ({ data, width, height })),
      motion: changes / Math.max(1, seen - 1),
      cuts,
    }),
  }
}

/** The first frame stays: it is what the others differ from. */
function leastChanged(kept: readonly Kept[]): number {
  let least = 1
  for (let place = 2; place < kept.length; place++) if (kept[place]!.change < kept[least]!.change) least = place
  return least
}

/** Mean brightness of cells, by the green of every second pixel, in [0,1]. */
function cellsOf(data: Uint8Array, width: number, height: number): Float64Array {
  const sums = new Float64Array(columns * rows)
  const counts = new Float64Array(columns * rows)
  for (let y = 0; y < height; y += 2) {
    const row = Math.floor((y * rows) / height) * columns
    for (let x = 0; x < width; x += 2) {
      const cell = row + Math.floor((x * columns) / width)
      sums[cell]! += data[(y * width + x) * 3 + 1]!
      counts[cell]! += 1
    }
  }
  return sums.map((sum, cell) => sum / Math.max(1, counts[cell]!) / 255)
}

function largestChange(one: Float64Array, other: Float64Array): number {
  return one.reduce((most, value, cell) => Math.max(most, Math.abs(value - other[cell]!)), 0)
}

function meanChange(one: Float64Array, other: Float64Array): number {
  return one.reduce((sum, value, cell) => sum + Math.abs(value - other[cell]!), 0) / one.length
}
