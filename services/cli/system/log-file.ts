import { closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** A log that stays within its bounds: when the file is full it becomes `.1`, and what was `.1` becomes `.2`. */
export interface LogFile {
  readonly path: string
  /** Adds a line. A disk that is full or gone loses it, and stops nothing. */
  write(line: string): void
  close(): void
}

/** How much is kept. */
export interface LogFileBounds {
  readonly fileBytes: number
  /** Full files beside the one that is written. */
  readonly keptFiles: number
}

const usualBounds: LogFileBounds = { fileBytes: 10e6, keptFiles: 3 }
/** A line of more characters is cut: whatever wrote it did not mean a log. */
const longestLine = 64 * 1024

/**
 * Opens the log, which only this user can read, and appends to that of the last run.
 * @throws Error when it cannot be written to
 */
export function openLogFile(path: string, { fileBytes, keptFiles }: LogFileBounds = usualBounds): LogFile {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  let file: number | undefined = openSync(path, 'a', 0o600)
  let size = fstatSync(file).size

  const turnOver = (): void => {
    if (file !== undefined) closeSync(file)
    file = undefined
    rmSync(`${path}.${keptFiles}`, { force: true })
    for (let number = keptFiles - 1; number >= 0; number -= 1) {
      try {
        renameSync(number === 0 ? path : `${path}.${number}`, `${path}.${number + 1}`)
      } catch {
        // There is none of this number yet.
      }
    }
    file = openSync(path, 'a', 0o600)
    size = 0
  }

  return {
    path,
    write(line) {
      const bytes = Buffer.from(`${line.slice(0, longestLine)}\n`)
      try {
        if (size > 0 && size + bytes.length > fileBytes) turnOver()
        if (file === undefined) return
        writeSync(file, bytes)
        size += bytes.length
      } catch {
        // There is no log left to write to.
      }
    },
    close() {
      if (file !== undefined) closeSync(file)
      file = undefined
    },
  }
}
