// Logistic regression with a small ridge by Newton's method: weights by name, with `constant`.

/** Fits it on examples `{features, label}` with the features of these names. */
export function fitLogistic(examples, names, ridge = 0.0003) {
  const all = ['constant', ...names]
  const rows = examples.map(({ features }) => all.map(name => (name === 'constant' ? 1 : features[name])))
  let weights = all.map(() => 0)
  for (let step = 0; step < 40; step += 1) {
    const gradient = all.map((_, at) => (at === 0 ? 0 : -ridge * examples.length * weights[at]))
    const curvature = all.map((_, at) =>
      all.map((_other, place) => (at === place ? (at === 0 ? 1e-6 : ridge * examples.length) : 0)),
    )
    for (const [index, row] of rows.entries()) {
      const probability = logistic(row.reduce((sum, value, at) => sum + value * weights[at], 0))
      const spread = probability * (1 - probability)
      for (let at = 0; at < all.length; at += 1) {
        gradient[at] += (examples[index].label - probability) * row[at]
        for (let place = 0; place < all.length; place += 1) curvature[at][place] += spread * row[at] * row[place]
      }
    }
    const move = solve(curvature, gradient)
    weights = weights.map((weight, at) => weight + move[at])
    if (Math.max(...move.map(Math.abs)) < 1e-6) break
  }
  return Object.fromEntries(all.map((name, at) => [name, weights[at]]))
}

/** The probability that the weights give. */
export function probabilityOf({ constant, ...weights }, features) {
  return logistic(Object.entries(weights).reduce((sum, [name, weight]) => sum + weight * features[name], constant))
}

function logistic(value) {
  return 1 / (1 + Math.exp(-value))
}

/** Gauss with the largest pivot. */
function solve(matrix, right) {
  const rows = matrix.map((row, at) => [...row, right[at]])
  const size = rows.length
  for (let at = 0; at < size; at += 1) {
    const pivot = rows
      .slice(at)
      .reduce((best, row, place) => (Math.abs(row[at]) > Math.abs(rows[best][at]) ? place + at : best), at)
    ;[rows[at], rows[pivot]] = [rows[pivot], rows[at]]
    for (let below = at + 1; below < size; below += 1) {
      const factor = rows[below][at] / rows[at][at]
      for (let place = at; place <= size; place += 1) rows[below][place] -= factor * rows[at][place]
    }
  }
  const found = Array(size).fill(0)
  for (let at = size - 1; at >= 0; at -= 1) {
    const rest = rows[at].slice(at + 1, size).reduce((sum, value, place) => sum + value * found[at + 1 + place], 0)
    found[at] = (rows[at][size] - rest) / rows[at][at]
  }
  return found
}
