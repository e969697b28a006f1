const rounds = 6

/** Centres about which points crowd: Lloyd's algorithm from points spread evenly over their order. Deterministic. */
export function findCentres(points: readonly Float32Array[], count: number): readonly Float32Array[] {
  const width = points[0]?.length ?? 0
  let centres = Array.from({ length: count }, (_, at) => points[Math.floor((at * points.length) / count)]!)
  for (let round = 0; round < rounds; round += 1) {
    const sums = centres.map(() => new Float64Array(width))
    const sizes = new Uint32Array(count)
    for (const point of points) {
      const at = nearestOf(centres, point)
      sizes[at]! += 1
      const sum = sums[at]!
      for (let place = 0; place < width; place += 1) sum[place]! += point[place]!
    }
    centres = centres.map((centre, at) =>
      sizes[at] === 0 ? centre : Float32Array.from(sums[at]!, value => value / sizes[at]!),
    )
  }
  return centres
}

/** The place of the centre that a point is nearest to. */
export function nearestOf(centres: readonly Float32Array[], point: Float32Array): number {
  let best = 0
  let least = Number.POSITIVE_INFINITY
  centres.forEach((centre, at) => {
    let sum = 0
    // Stop where the distance exceeds that of the nearest so far.
    for (let place = 0; place < point.length && sum < least; place += 1) sum += (point[place]! - centre[place]!) ** 2
    if (sum < least) {
      least = sum
      best = at
    }
  })
  return best
}
