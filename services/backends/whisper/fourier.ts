/** A discrete Fourier transform of one fixed length. */
export interface Fourier {
  /** Transforms in place; both arrays have the fixed length. */
  transform(real: Float64Array, imaginary: Float64Array): void
}

/**
 * Makes a mixed-radix transform; quick for lengths with small prime factors, such as 400.
 * @source Cooley and Tukey 1965
 */
export function createFourier(length: number): Fourier {
  const cosines = Float64Array.from({ length }, (_, n) => Math.cos((2 * Math.PI * n) / length))
  const sines = Float64Array.from({ length }, (_, n) => -Math.sin((2 * Math.PI * n) / length))
  const radices = factorsOf(length)
  const sourceReal = new Float64Array(length)
  const sourceImaginary = new Float64Array(length)
  const groupReal = new Float64Array(Math.max(1, ...radices))
  const groupImaginary = new Float64Array(Math.max(1, ...radices))

  // Length of the pieces at each depth, and how far apart their values stand in the source: the depth gives both.
  const sizes = radices.reduce<number[]>((known, radix) => [...known, known.at(-1)! / radix], [length])
  const strides = sizes.map(size => length / size)
  let real: Float64Array = sourceReal
  let imaginary: Float64Array = sourceImaginary

  function pass(start: number, depth: number, from: number): void {
    if (depth === radices.length) {
      real[start] = sourceReal[from]!
      imaginary[start] = sourceImaginary[from]!
      return
    }
    const radix = radices[depth]!
    const part = sizes[depth + 1]!
    const stride = strides[depth]!
    for (let r = 0; r < radix; r++) pass(start + r * part, depth + 1, from + r * stride)
    for (let k = 0; k < part; k++) butterfly(start + k, depth, k)
  }

  /** Joins the partial results of a depth at offset `k`: twiddle factors and a small transform in one step. */
  function butterfly(at: number, depth: number, k: number): void {
    const radix = radices[depth]!
    const part = sizes[depth + 1]!
    const step = strides[depth]!
    for (let r = 0; r < radix; r++) {
      groupReal[r] = real[at + r * part]!
      groupImaginary[r] = imaginary[at + r * part]!
    }
    for (let q = 0; q < radix; q++) {
      const turn = (k + q * part) * step
      let sumReal = groupReal[0]!
      let sumImaginary = groupImaginary[0]!
      for (let r = 1, angle = turn % length; r < radix; r++, angle = (angle + turn) % length) {
        const [c, s, x, y] = [cosines[angle]!, sines[angle]!, groupReal[r]!, groupImaginary[r]!]
        sumReal += x * c - y * s
        sumImaginary += x * s + y * c
      }
      real[at + q * part] = sumReal
      imaginary[at + q * part] = sumImaginary
    }
  }

  return {
    transform(targetReal, targetImaginary) {
      sourceReal.set(targetReal)
      sourceImaginary.set(targetImaginary)
      real = targetReal
      imaginary = targetImaginary
      pass(0, 0, 0)
    },
  }
}

function factorsOf(length: number): readonly number[] {
  const factors: number[] = []
  let rest = length
  for (let factor = 2; rest > 1; factor++) {
    for (; rest % factor === 0; rest /= factor) factors.push(factor)
  }
  return factors
}
