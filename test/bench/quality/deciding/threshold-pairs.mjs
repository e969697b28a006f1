// The plain cascade: a cheap model's answer is taken from a confidence on, else another model is asked.

/** By mean cost the mean score of the best mixes of single-threshold pairs, chosen on `train`, on `test`. */
export function thresholdPairs(train, test, costsUsd) {
  const points = rulesOf(train).map(rule => ({ rule, ...measure(rule, train) }))
  const hull = upperHull(points).map(({ rule }) => measure(rule, test))
  return costsUsd.map(cost => scoreAt(hull, cost))
}

function rulesOf(rows) {
  const models = Object.keys(rows[0].outcomes)
  const costOf = model => rows.reduce((sum, row) => sum + row.outcomes[model].costUsd, 0)
  const alone = models.map(model => ({ first: model, second: model, from: 0 }))
  const pairs = models.flatMap(first =>
    models
      .filter(second => costOf(second) > costOf(first))
      .flatMap(second => {
        const seen = rows.map(row => row.outcomes[first].confidence).toSorted((a, b) => a - b)
        const thresholds = Array.from(
          { length: 41 },
          (_, at) => seen[Math.min(seen.length - 1, Math.floor((at / 40) * seen.length))],
        )
        return [...new Set(thresholds)].map(from => ({ first, second, from }))
      }),
  )
  return [...alone, ...pairs]
}

function measure({ first, second, from }, rows) {
  let score = 0
  let costUsd = 0
  for (const { outcomes } of rows) {
    const taken = first === second || outcomes[first].confidence >= from
    score += outcomes[taken ? first : second].score
    costUsd += outcomes[first].costUsd + (taken ? 0 : outcomes[second].costUsd)
  }
  return { score: score / rows.length, costUsd: costUsd / rows.length }
}

function upperHull(points) {
  const hull = []
  for (const point of points.toSorted((a, b) => a.costUsd - b.costUsd || b.score - a.score)) {
    if (hull.length > 0 && point.score <= hull.at(-1).score) continue
    while (hull.length > 1 && slope(hull.at(-2), hull.at(-1)) <= slope(hull.at(-2), point)) hull.pop()
    hull.push(point)
  }
  return hull
}

function slope(from, to) {
  return (to.score - from.score) / (to.costUsd - from.costUsd)
}

function scoreAt(hull, costUsd) {
  const above = hull.findIndex(point => point.costUsd > costUsd)
  if (above === -1) return hull.at(-1).score
  if (above === 0) return hull[0].score
  const [low, high] = [hull[above - 1], hull[above]]
  return low.score + ((costUsd - low.costUsd) / (high.costUsd - low.costUsd)) * (high.score - low.score)
}
