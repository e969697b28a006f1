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

  function pass(
    real: Float64Array,
    imaginary: Float64Array,
    start: number,
    size: number,
    depth: number,
    from: number,
    stride: number,
  ): void {
    if (size === 1) {
      real[start] = sourceReal[from]!
      imaginary[start] = sourceImaginary[from]!
      return
    }
    const radix = radices[depth]!
    const part = size / radix
    for (let r = 0; r < radix; r++)
      pass(real, imaginary, start + r * part, part, depth + 1, from + r * stride, stride * radix)
    for (let k = 0; k < part; k++) butterfly(real, imaginary, start + k, part, radix, k, length / size)
  }

  /** Joins the `radix` partial results at offset `k`: twiddle factors and a small transform in one step. */
  function butterfly(
    real: Float64Array,
    imaginary: Float64Array,
    at: number,
    part: number,
    radix: number,
    k: number,
    step: number,
  ): void {
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
    transform(real, imaginary) {
      sourceReal.set(real)
      sourceImaginary.set(imaginary)
      pass(real, imaginary, 0, length, 0, 0, 1)
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
