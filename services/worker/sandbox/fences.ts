const fence = '```'

/**
 * A text without the fence of Markdown around all of it, which chat models like to add. Takes a time that grows
 * with the length alone.
 */
export function withoutFence(text: string): string {
  const trimmed = text.trim()
  const head = trimmed.indexOf('\n')
  const isFenced =
    head >= fence.length &&
    trimmed.startsWith(fence) &&
    trimmed.endsWith(fence) &&
    trimmed.length - fence.length > head &&
    /^\w*$/u.test(trimmed.slice(fence.length, head).trimEnd())
  if (!isFenced) return trimmed
  const inside = trimmed.slice(head + 1, -fence.length)
  return inside.endsWith('\n') ? inside.slice(0, -1) : inside
}

/** Marks of modules before a declaration. */
const exported = /^export (?:default )?(?=async |function|class|const |let |var )/u

/**
 * The program within an answer: what stands in fences of Markdown, else all of it; marks of modules are left out,
 * since it is none. A fence that nobody closes is none. Takes a time that grows with the length alone.
 */
export function programIn(answer: string): string {
  const lines = answer.split('\n')
  const fenced = fencedBlocks(lines)
  const program = fenced.length === 0 ? lines : fenced.flat()
  return program.map(line => line.replace(exported, '')).join('\n')
}

/** The lines of each block between a line that begins with a fence and the next line that is nothing but one. */
function fencedBlocks(lines: readonly string[]): readonly (readonly string[])[] {
  const blocks: (readonly string[])[] = []
  let from = -1
  for (const [at, line] of lines.entries()) {
    if (from < 0 && line.startsWith(fence)) from = at + 1
    else if (from >= 0 && line.startsWith(fence) && line.trimEnd() === fence) {
      // The end of the last line belongs to the block.
      blocks.push([...lines.slice(from, at), ''])
      from = -1
    }
  }
  return blocks
}
