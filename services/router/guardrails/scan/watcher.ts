import { fold } from './fold.ts'
import { openFrom } from './open-from.ts'
import { contextCharacters, type Rule } from './rule.ts'

/** Watches a text that comes in pieces for findings, and changes nothing. */
export interface Watcher {
  /** Takes a piece. */
  push(piece: string): void
  /** The text is whole. */
  end(): void
  /** What was found so far. */
  readonly found: ReadonlySet<Rule>
}

/** Watches for these rules; those with `folded` see the text without disguises. */
export function createWatcher(rules: readonly Rule[], options: { readonly folded: boolean }): Watcher {
  const found = new Set<Rule>()
  let open = rules
  let text = ''
  let cursor = 0

  const advance = (limit: number): void => {
    for (const rule of open) {
      const span = rule.find(text, cursor)
      if (span !== undefined && span.begin < limit) found.add(rule)
    }
    open = open.filter(rule => !found.has(rule))
    cursor = Math.max(cursor, limit)
    const spare = cursor - contextCharacters
    if (spare <= 0) return
    text = text.slice(spare)
    cursor -= spare
  }

  return {
    push(piece) {
      if (open.length === 0) return
      text += options.folded ? fold(piece) : piece
      const limit = openFrom(text, open)
      if (limit > cursor) advance(limit)
    },
    end: () => advance(text.length),
    found,
  }
}
