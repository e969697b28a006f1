/**
 * The exact upper bound on a chance of which `hits` of `trials` independent rows are a sample: with probability at
 * least `1 - delta` over the draw of the rows, the chance is at most this.
 * @source Clopper and Pearson, The use of confidence or fiducial limits (1934); as the 1 - delta quantile of
 * Beta(hits + 1, trials - hits)
 */
export function upperBound(hits: number, trials: number, delta: number): number {
  if (hits >= trials) return 1
  let [low, high] = [hits / trials, 1]
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2
    if (betaBelow(middle, hits + 1, trials - hits) < 1 - delta) low = middle
    else high = middle
  }
  return high
}

/**
 * The regularised incomplete beta function I_x(a, b), by Lentz's continued fraction.
 * @source Press et al., Numerical Recipes, section 6.4
 */
function betaBelow(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x))
  return x < (a + 1) / (a + b + 2) ? (front * fraction(x, a, b)) / a : 1 - (front * fraction(1 - x, b, a)) / b
}

const tiny = 1e-300

function fraction(x: number, a: number, b: number): number {
  let c = 1
  let d = 1 / nonzero(1 - ((a + b) * x) / (a + 1))
  let value = d
  for (let m = 1; m <= 500; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / nonzero(1 + even * d)
    c = nonzero(1 + even / c)
    value *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / nonzero(1 + odd * d)
    c = nonzero(1 + odd / c)
    value *= d * c
    if (Math.abs(d * c - 1) < 1e-13) break
  }
  return value
}

function nonzero(value: number): number {
  return Math.abs(value) < tiny ? tiny : value
}

/** ln Γ(x), x > 0. @source Lanczos (1964), coefficients of Press et al., Numerical Recipes, section 6.1 */
function logGamma(x: number): number {
  const coefficients = [
    76.1800917294715, -86.5053203294168, 24.01409824083091, -1.231739572450155, 0.00120865097386618, -5.395239384953e-6,
  ]
  const base = x + 5.5 - (x + 0.5) * Math.log(x + 5.5)
  const series = coefficients.reduce((sum, coefficient, index) => sum + coefficient / (x + index + 1), 1.00000000019001)
  return -base + Math.log((Math.sqrt(2 * Math.PI) * series) / x)
}
