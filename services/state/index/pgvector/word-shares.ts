import type { Postgres } from './open-postgres.ts'
import type { WordShares } from './rank-words.ts'

/** Statistics of Postgres change when it analyses a table: by the minute at most. */
const keptMs = 60_000
const mostKept = 1000

/** Reads how common words are from what Postgres knows of a table; where it knows nothing all are alike. */
export function createWordShares(postgres: Postgres): (table: string, chunks: number) => Promise<WordShares> {
  const known = new Map<string, { readonly shares: WordShares; readonly readAt: number }>()
  return async (table, chunks) => {
    const kept = known.get(table)
    if (kept !== undefined && Date.now() - kept.readAt < keptMs) return kept.shares
    const [row] = await postgres.query<{ words: readonly string[] | null; shares: readonly number[] | null }>(
      `SELECT most_common_elems::text::text[] AS words, most_common_elem_freqs AS shares FROM pg_stats
        WHERE tablename = $1 AND attname = 'words'`,
      [table],
    )
    // The last three are the least, the most, and the share of nothing.
    const shares = new Map((row?.words ?? []).map((word, at) => [word, row?.shares?.[at] ?? 0]))
    const least = shares.size === 0 ? 0 : Math.min(...shares.values())
    const read = { shares, floor: Math.max(1 / Math.max(1, chunks), least / 4) }
    if (known.size >= mostKept) known.clear()
    known.set(table, { shares: read, readAt: Date.now() })
    return read
  }
}
