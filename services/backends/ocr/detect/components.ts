/** One patch of joined pixels of a map. */
export interface Component {
  /** The leftmost and rightmost pixel of each row: enough for its hull. */
  readonly outline: readonly { readonly x: number; readonly y: number }[]
  readonly pixels: number
}

/** Finds the patches of pixels above a threshold that touch at a side or a corner. */
export function findComponents(
  map: Float32Array,
  width: number,
  height: number,
  threshold: number,
): readonly Component[] {
  const seen = new Uint8Array(map.length)
  // Grows with the largest patch: as large as the map it would be the largest thing in memory.
  const stack: number[] = []
  const components: Component[] = []

  /** Marks what is joined to a pixel; each pixel is put on the stack once. */
  function flood(from: number): Component {
    const rows = new Map<number, { left: number; right: number }>()
    let pixels = 0
    stack.push(from)
    seen[from] = 1
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      const x = at % width
      const y = (at - x) / width
      pixels++
      const row = rows.get(y)
      if (row === undefined) rows.set(y, { left: x, right: x })
      else if (x < row.left) row.left = x
      else if (x > row.right) row.right = x
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
          const next = ny * width + nx
          if (seen[next] === 1 || map[next]! <= threshold) continue
          seen[next] = 1
          stack.push(next)
        }
      }
    }
    const outline = [...rows].flatMap(([y, { left, right }]) => [
      { x: left, y },
      { x: right, y },
    ])
    return { outline, pixels }
  }

  for (let at = 0; at < map.length; at++) {
    if (seen[at] === 0 && map[at]! > threshold) components.push(flood(at))
  }
  return components
}
