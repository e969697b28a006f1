import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'

/** Files of a pack whose content was read before, so that it need not be read again until they change. */
export interface KnownFiles {
  /** The SHA-256 of a file: what it was found to be, or what `read` finds now. */
  hashOf(path: string, read: (path: string) => Promise<string>): Promise<string>
  /** Writes down what was found. Where the folder cannot be written to, files are read again the next time. */
  save(): Promise<void>
}

/**
 * Identity, size and times of a file when it was read; the time of its last change of any kind cannot be set by
 * whoever writes it.
 */
const seen = z.object({
  inode: z.string(),
  bytes: z.string(),
  modifiedNs: z.string(),
  changedNs: z.string(),
  sha256: z.string(),
})
type Seen = z.output<typeof seen>
const record = z.record(z.string(), seen)

/** Opens what is known of a pack's files: `<cache>/verified/<name>.json`. */
export async function createKnownFiles(cacheFolder: string, name: string): Promise<KnownFiles> {
  const file = join(cacheFolder, 'verified', `${name}.json`)
  const before = await readRecord(file)
  const now = new Map<string, Seen>()
  let isNew = false
  return {
    async hashOf(path, read) {
      // Looked at before it is read: what changes meanwhile is read again the next time.
      const marks = await marksOf(path)
      const known = before.get(path)
      if (known !== undefined && isSame(known, marks)) {
        now.set(path, known)
        return known.sha256
      }
      const sha256 = await read(path)
      now.set(path, { ...marks, sha256 })
      isNew = true
      return sha256
    },
    async save() {
      if (!isNew) return
      const written = `${file}.${randomBytes(6).toString('hex')}`
      try {
        await mkdir(dirname(file), { recursive: true })
        await writeFile(written, JSON.stringify(Object.fromEntries(now)))
        await rename(written, file)
      } catch {
        await rm(written, { force: true }).catch(() => {
          // There is none: the folder may only be read.
        })
      }
    },
  }
}

async function readRecord(file: string): Promise<ReadonlyMap<string, Seen>> {
  try {
    return new Map(Object.entries(record.parse(JSON.parse(await readFile(file, 'utf8')))))
  } catch {
    // There is none yet, or none that can be read.
    return new Map()
  }
}

async function marksOf(path: string): Promise<Omit<Seen, 'sha256'>> {
  const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
  return { inode: String(ino), bytes: String(size), modifiedNs: String(mtimeNs), changedNs: String(ctimeNs) }
}

function isSame(known: Seen, marks: Omit<Seen, 'sha256'>): boolean {
  const { sha256: _sha256, ...before } = known
  return JSON.stringify(before) === JSON.stringify(marks)
}
