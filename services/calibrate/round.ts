/** Nine digits are more than a fit is sure of, and the same on every machine. */
export function rounded(value: number): number {
  return Number(value.toPrecision(9))
}
