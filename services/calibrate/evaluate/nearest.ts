/** Neighbours that are asked, and rows among which they are sought at most: more would take long and change little. */
const neighbours = 40
const mostSought = 2000

/**
 * What the nearest other rows scored on average, for each row: a router by likeness. Rows are never their own
 * neighbours.
 */
export function byNeighbours(inputs: readonly Float32Array[], values: readonly number[]): readonly number[] {
  // Rows of which nothing is known are all alike.
  if (inputs[0]?.length === 0) return inputs.map(() => 0)
  const stride = Math.max(1, Math.ceil(inputs.length / mostSought))
  const sought = inputs.map((_, index) => index).filter(index => index % stride === 0)
  return inputs.map((input, own) => {
    const near = sought
      .filter(index => index !== own)
      .map(index => ({ index, distance: distanceOf(input, inputs[index]!) }))
      .toSorted((a, b) => a.distance - b.distance)
      .slice(0, neighbours)
    return near.reduce((sum, { index }) => sum + values[index]!, 0) / Math.max(1, near.length)
  })
}

function distanceOf(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let at = 0; at < a.length; at += 1) sum += (a[at]! - b[at]!) ** 2
  return sum
}
