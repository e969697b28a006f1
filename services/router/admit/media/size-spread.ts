/**
 * Mean and spread of sizes that come one by one.
 * @source Welford, Note on a method for calculating corrected sums of squares (1962)
 */
export class SizeSpread {
  #count = 0
  #mean = 0
  #squares = 0

  /** Takes one more. */
  add(size: number): void {
    this.#count += 1
    const off = size - this.#mean
    this.#mean += off / this.#count
    this.#squares += off * (size - this.#mean)
  }

  get count(): number {
    return this.#count
  }

  /** Standard deviation over mean; `undefined` before there are two. */
  get ratio(): number | undefined {
    if (this.#count < 2 || this.#mean <= 0) return undefined
    return Math.sqrt(this.#squares / this.#count) / this.#mean
  }
}
