/** The likeliest token of a step and how sure the model was. */
export interface PickedToken {
  readonly token: number
  /** Natural logarithm of its probability among the allowed tokens. */
  readonly logProbability: number
  /** Distance in probability to the second best, 0..1. */
  readonly margin: number
}

/** Chooses the likeliest token; those whose `banned` entry is 1 are passed over. */
export function pickToken(logits: Float32Array, banned: Uint8Array): PickedToken {
  let best = -1
  let highest = -Infinity
  let second = -Infinity
  for (let token = 0; token < logits.length; token++) {
    const logit = logits[token]!
    if (logit <= second || banned[token] === 1) continue
    if (logit > highest) {
      second = highest
      highest = logit
      best = token
    } else second = logit
  }
  let sum = 0
  for (let token = 0; token < logits.length; token++) {
    if (banned[token] !== 1) sum += Math.exp(logits[token]! - highest)
  }
  return { token: best, logProbability: -Math.log(sum), margin: (1 - Math.exp(second - highest)) / sum }
}

/** Probability of one token among all, or among a subset. */
export function probabilityOf(token: number, logits: Float32Array, among?: Iterable<number>): number {
  let sum = 0
  const own = logits[token] ?? -Infinity
  for (const other of among ?? logits.keys()) sum += Math.exp(logits[other]! - own)
  return 1 / sum
}
