/** How sure a judge's yes or no is that the answer is right, in [0,1]; `undefined` for other words. */
export function readVerdict(text: string, confidence: number, isReported: boolean): number | undefined {
  const word = /^\W*(yes|no)\b/iu.exec(text)?.[1]?.toLowerCase()
  if (word === undefined) return undefined
  const sure = isReported ? confidence : defaultConfidence
  return word === 'yes' ? sure : 1 - sure
}

/** A judge whose server tells no probabilities is believed nine times in ten. */
const defaultConfidence = 0.9
