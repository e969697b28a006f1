/** The attention of one decoder step: for each alignment head, its weights over the frames of the window. */
export type StepAttention = readonly Float32Array[]

/** Frames of the encoder a second. */
const framesPerSecond = 50
/** Frames that the median of an attention is taken over. @source openai/whisper `timing.py`: medfilt_width 7 */
const medianFrames = 7

/**
 * Says when each step's token begins, in ms from the beginning of the window, in order: the cheapest monotone path
 * through the attention of the alignment heads. Pure.
 * @source openai/whisper `timing.py`, `find_alignment`
 */
export function alignTokens(steps: readonly StepAttention[], windowMs: number): readonly number[] {
  const heads = steps[0]?.length ?? 0
  const frames = Math.max(1, Math.min(steps[0]?.[0]?.length ?? 1, Math.ceil((windowMs / 1000) * framesPerSecond)))
  const costs = steps.map(() => new Float64Array(frames))
  for (let head = 0; head < heads; head++) addHead(costs, steps, head, frames)
  return warpedStarts(costs, frames).map(frame => Math.min(windowMs, (frame / framesPerSecond) * 1000))
}

/** Takes the normalised and smoothed attention of one head from the costs. */
function addHead(costs: readonly Float64Array[], steps: readonly StepAttention[], head: number, frames: number): void {
  const rows = steps.map(step => shares(step[head]!, frames))
  for (let frame = 0; frame < frames; frame++) {
    const mean = rows.reduce((sum, row) => sum + row[frame]!, 0) / rows.length
    const variance = rows.reduce((sum, row) => sum + (row[frame]! - mean) ** 2, 0) / rows.length
    const deviation = Math.sqrt(variance) || 1
    for (const row of rows) row[frame] = (row[frame]! - mean) / deviation
  }
  for (const [place, row] of rows.entries()) {
    const smooth = smoothed(row)
    for (let frame = 0; frame < frames; frame++) costs[place]![frame]! -= smooth[frame]!
  }
}

/** The attention to the frames that hold sound, as shares of 1. */
function shares(attention: Float32Array, frames: number): Float64Array {
  const row = Float64Array.from(attention.subarray(0, frames))
  const sum = row.reduce((all, value) => all + value, 0) || 1
  return row.map(value => value / sum)
}

function smoothed(row: Float64Array): Float64Array {
  const half = (medianFrames - 1) / 2
  const last = row.length - 1
  return row.map((_, frame) => {
    // Mirrored at the edges.
    const around = Array.from({ length: medianFrames }, (__, place) => {
      const at = Math.abs(frame + place - half)
      return row[Math.max(0, at > last ? 2 * last - at : at)]!
    })
    return around.toSorted((one, other) => one - other)[half]!
  })
}

/** The frame at which the cheapest path enters each row. @source Sakoe and Chiba 1978 (dynamic time warping) */
function warpedStarts(costs: readonly Float64Array[], frames: number): readonly number[] {
  const [diagonal, up, left] = [0, 1, 2]
  const cameFrom = costs.map(() => new Uint8Array(frames))
  let before = new Float64Array(frames + 1).fill(Infinity)
  before[0] = 0
  for (const [row, cost] of costs.entries()) {
    const now = new Float64Array(frames + 1).fill(Infinity)
    for (let frame = 0; frame < frames; frame++) {
      const [fromDiagonal, fromUp, fromLeft] = [before[frame]!, before[frame + 1]!, now[frame]!]
      const least = Math.min(fromDiagonal, fromUp, fromLeft)
      cameFrom[row]![frame] = least === fromDiagonal ? diagonal : least === fromUp ? up : left
      now[frame + 1] = cost[frame]! + least
    }
    before = now
  }
  const starts = costs.map(() => 0)
  let frame = frames - 1
  for (let row = costs.length - 1; row >= 0;) {
    starts[row] = frame
    const move = cameFrom[row]![frame]!
    if (move !== left) row--
    if (move !== up) frame = Math.max(0, frame - 1)
  }
  return starts
}
