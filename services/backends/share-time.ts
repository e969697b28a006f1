/**
 * Shares out a batch's time over its members by weight, in whole milliseconds that sum exactly to `totalMs` rounded up.
 * Equal shares when no member has weight.
 */
export function shareTime(totalMs: number, weights: readonly number[]): readonly number[] {
  const total = Math.ceil(totalMs)
  const sum = weights.reduce((all, weight) => all + weight, 0)
  let upTo = 0
  let given = 0
  return weights.map(weight => {
    // Cutting at cumulated weights leaves no remainder to hand out.
    upTo += sum > 0 ? weight / sum : 1 / weights.length
    const share = Math.min(total, Math.round(upTo * total)) - given
    given += share
    return share
  })
}
