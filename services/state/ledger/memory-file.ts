import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'

const remembered = z.object({
  id: z.string(),
  reign: z.number(),
  counters: z.record(
    z.string(),
    z.object({ endsAt: z.number(), spentNanoUsd: z.number(), reservedNanoUsd: z.number() }),
  ),
})

/** What a router has seen of the ledger: which data it is, and what its counters held. */
export type Remembered = z.output<typeof remembered>

/** Keeps what was seen where Redis cannot lose it. */
export interface LedgerMemory {
  read(): Promise<Remembered | undefined>
  write(seen: Remembered): Promise<void>
}

/** A memory in one small file; without a path it forgets with its process. A file that cannot be read says nothing. */
export function createMemoryFile(path: string | undefined): LedgerMemory {
  let last = ''
  return {
    async read() {
      if (path === undefined) return undefined
      try {
        return remembered.parse(JSON.parse(await readFile(path, 'utf8')))
      } catch {
        // There is none yet, or it was cut off.
        return undefined
      }
    },
    async write(seen) {
      const text = JSON.stringify(seen)
      if (path === undefined || text === last) return
      last = text
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      // Whoever reads sees the old file or the new one, never half of one.
      const draft = `${path}.${process.pid}`
      await writeFile(draft, text, { mode: 0o600 })
      await rename(draft, path)
    },
  }
}
