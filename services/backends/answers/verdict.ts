/** How sure a judge's yes or no is that the answer is right, in [0,1]; `undefined` for other words. */
export function readVerdict(text: string, confidence: number, isReported: boolean): number | undefined {
  const word = /^\W*(yes|no)\b/iu.exec(text)?.[1]?.toLowerCase()
  if (word === undefined) return undefined
  const sure = isReported ? confidence : defaultConfidence
  return word === 'yes' ? sure : 1 - sure
}

/** P(correct) of a judge's verdict where its server returns no probabilities. */
const defaultConfidence = 0.9
