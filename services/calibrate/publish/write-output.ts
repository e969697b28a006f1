import { once } from 'node:events'
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs'
import { finished } from 'node:stream/promises'
import { GatewayError } from '#services/contract/errors'
import { fileFaultText } from '#services/platform/process/file-fault'

/** A file that is written piece by piece. */
export interface Output {
  write(text: string): Promise<void>
  /** Resolves when all of it is on its way to the disk. */
  close(): Promise<void>
}

/**
 * Opens a file to write to; what it held is gone.
 * @throws GatewayError Config where it cannot be written, also from its methods
 */
export async function openOutput(file: string): Promise<Output> {
  const stream = createWriteStream(file)
  const writable = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      throw cannotWrite(file, error)
    }
  }
  const done = finished(stream)
  done.catch(() => {
    // The error is thrown by the next write or close.
  })
  await writable(once(stream, 'open'))
  return {
    async write(text) {
      if (!stream.write(text)) await writable(Promise.race([once(stream, 'drain'), done]))
    },
    async close() {
      stream.end()
      await writable(done)
    },
  }
}

/** Writes a whole file. @throws GatewayError Config where it cannot be written */
export function writeOutput(file: string, content: string | Uint8Array): void {
  try {
    writeFileSync(file, content)
  } catch (error) {
    throw cannotWrite(file, error)
  }
}

/** Makes a folder that files can be written to. @throws GatewayError Config where there can be none */
export function openOutputFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw cannotWrite(folder, error)
  }
}

function cannotWrite(path: string, cause: unknown): GatewayError<'Config'> {
  return new GatewayError('Config', `${path}: it cannot be written: ${fileFaultText(cause)}`, {}, { cause })
}
