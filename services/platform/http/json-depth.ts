/** Deeper JSON is written by nobody in earnest, and whoever walks or writes it again runs out of stack. */
export const deepestJson = 128

/** Whether a value of JSON has more levels than so many. It is looked at level by level, without recursion. */
export function isDeeperThan(levels: number, value: unknown): boolean {
  let level: object[] = isNode(value) ? [value] : []
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth >= levels) return true
    level = level.flatMap(node => Object.values(node).filter(isNode))
  }
  return false
}

function isNode(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
