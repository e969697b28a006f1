/** A double near 1 has no more decimals. */
const mostDecimals = 15

/** Shows two figures that are compared, with enough decimals to show the difference. Pure. */
export function showApart(one: number, other: number, decimals: number): readonly [one: string, other: string] {
  for (let digits = decimals; ; digits += 1) {
    const shown = [one.toFixed(digits), other.toFixed(digits)] as const
    if (one === other || shown[0] !== shown[1] || digits >= mostDecimals) return shown
  }
}
