import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { EnvHttpProxyAgent, fetch } from 'undici'
import type { PackFile } from '#services/packs/pack-lock'
import type { PackSource } from './pack-source.ts'

/** A hub that does not answer within this is taken for unreachable, for the rest of the pull. */
const firstAnswerMs = 2000
/** A download without data for this long has failed; its partial file is kept. */
const stalledMs = 30_000

/** Where a pack's files grow while they come from a hub; kept when a pull ends early. */
export function partialFolder(cacheFolder: string, name: string): string {
  return join(cacheFolder, 'partial', name)
}

/** A source with connections of its own. */
export interface HubSource {
  readonly fetchPack: PackSource
  close(): Promise<void>
}

/**
 * Fetches from the publisher's hub, or a mirror of it, through the proxy that HTTPS_PROXY and NO_PROXY name. What
 * was half fetched is kept in the cache and gone on with.
 */
export function createHubSource(cacheFolder: string, mirror: string | undefined): HubSource {
  const agent = new EnvHttpProxyAgent({
    connect: { timeout: firstAnswerMs },
    headersTimeout: stalledMs,
    bodyTimeout: stalledMs,
  })
  const unreachable = new Map<string, string>()

  /** @throws Error at once, when the host did not answer before */
  async function reach(base: string): Promise<void> {
    const { host } = new URL(base)
    const known = unreachable.get(host)
    if (known !== undefined) throw new Error(known)
    try {
      await fetch(base, { method: 'HEAD', dispatcher: agent, signal: AbortSignal.timeout(firstAnswerMs) })
    } catch (error) {
      const words = `${host} does not answer`
      unreachable.set(host, words)
      throw new Error(words, { cause: error })
    }
  }

  async function download(url: URL, partial: string, file: PackFile, onBytes: (bytes: number) => void): Promise<void> {
    const have = await usableBytes(partial, file)
    if (have === file.bytes) return
    const headers: Record<string, string> = have > 0 ? { range: `bytes=${have}-` } : {}
    const response = await fetch(url, { headers, dispatcher: agent })
    // What is here does not fit what is there.
    if (response.status === 416) await rm(partial)
    if (!response.ok || response.body === null) {
      throw new Error(`${url.host} answered ${response.status} for ${file.path}`)
    }
    // A server that knows no ranges sends the whole file again.
    const goesOn = response.status === 206
    const counted = countUpTo(file, goesOn ? have : 0, onBytes)
    await pipeline(Readable.fromWeb(response.body), counted, createWriteStream(partial, { flags: goesOn ? 'a' : 'w' }))
    const { size } = await stat(partial)
    if (size !== file.bytes) throw new Error(`${file.path} ended at ${size} of ${file.bytes} bytes`)
  }

  return {
    async fetchPack(name, pack, folder, onBytes) {
      const base = mirror === undefined ? pack.sources.hub : `${mirror.replace(/\/$/u, '')}/${name}/`
      if (base === null) throw new Error('the publisher has it in another form only')
      await reach(base)
      let before = 0
      for (const file of pack.files) {
        const partial = join(partialFolder(cacheFolder, name), file.path)
        await mkdir(dirname(partial), { recursive: true })
        const reached = before
        await download(new URL(file.path, base), partial, file, bytes => onBytes(reached + bytes))
        before += file.bytes
        onBytes(before)
      }
      // Moved when all are there, so that a pull that is killed has not to fetch again what it had.
      await mkdir(dirname(folder), { recursive: true })
      await rename(partialFolder(cacheFolder, name), folder)
    },
    close: () => agent.destroy(),
  }
}

type Chunks = AsyncIterable<Uint8Array>

/**
 * Passes chunks on, telling how many bytes there are now; a file that grows beyond what the lock says is not read
 * on.
 */
function countUpTo(file: PackFile, have: number, onBytes: (bytes: number) => void): (chunks: Chunks) => Chunks {
  let bytes = have
  return async function* (chunks) {
    for await (const chunk of chunks) {
      bytes += chunk.byteLength
      if (bytes > file.bytes) throw new Error(`${file.path} is longer than ${file.bytes} bytes`)
      onBytes(bytes)
      yield chunk
    }
  }
}

/** Bytes of an earlier download that can be gone on with. */
async function usableBytes(partial: string, file: PackFile): Promise<number> {
  try {
    const { size } = await stat(partial)
    if (size <= file.bytes) return size
    await rm(partial)
  } catch {
    // Nothing was fetched yet.
  }
  return 0
}
