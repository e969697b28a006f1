/** Detects a repeating sequence of tokens. */
export interface RepetitionDetector {
  /**
   * Takes the next token; gives the number of tokens at the end that only repeat what was before them, 0 while
   * there is no loop.
   */
  push(token: number): number
}

/** Longest loop that is looked for: about two clauses. */
const longestPeriod = 32
/** A loop is a tail of at least three rounds… */
const leastRounds = 3
/** …and of at least this many tokens, so that `no, no, no` and `0 0 0 0` are speech. */
const leastTokens = 12

/** Makes a detector for one sequence; each token costs one comparison a period. */
export function createRepetitionDetector(): RepetitionDetector {
  const tokens: number[] = []
  // How many tokens at the end equal the one a period before them, by period.
  const matches = Array.from({ length: longestPeriod + 1 }, () => 0)

  function push(token: number): number {
    let repeated = 0
    for (let period = 1; period <= longestPeriod; period++) {
      const before = tokens[tokens.length - period]
      const count = before === token ? matches[period]! + 1 : 0
      matches[period] = count
      if (repeated === 0 && count + period >= Math.max(leastTokens, leastRounds * period)) repeated = count
    }
    tokens.push(token)
    return repeated
  }

  return { push }
}
