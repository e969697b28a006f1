import { createWriteStream } from 'node:fs'
import { copyFile, mkdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { PackFile } from './pack-lock.ts'
import type { PackSource } from './pull-packs.ts'

/** A hub that does not answer within this is taken for unreachable, for the rest of the pull. */
const firstAnswerMs = 2000
/** Longest that one file may take. */
const fileTimeoutMs = 900_000

/** Fetches from the publisher's hub (or a mirror of it). What was half fetched is kept and gone on with. */
export function createHubSource(cacheFolder: string, mirror: string | undefined): PackSource {
  const state: { unreachable: string | undefined } = { unreachable: undefined }
  return async (name, pack, folder, onBytes) => {
    const base = mirror === undefined ? pack.sources.hub : `${mirror.replace(/\/$/u, '')}/${name}/`
    if (base === null) throw new Error('the publisher has it in another form only')
    if (state.unreachable !== undefined) throw new Error(state.unreachable)
    try {
      await reach(base)
    } catch (error) {
      state.unreachable = `${new URL(base).host} does not answer`
      throw new Error(state.unreachable, { cause: error })
    }
    let before = 0
    for (const file of pack.files) {
      const partial = join(cacheFolder, 'partial', name, file.path)
      const target = join(folder, file.path)
      await mkdir(dirname(partial), { recursive: true })
      await mkdir(dirname(target), { recursive: true })
      const reached = before
      await download(new URL(file.path, base), partial, file, bytes => onBytes(reached + bytes))
      await copyFile(partial, target)
      await rm(partial)
      before += file.bytes
    }
  }
}

async function reach(base: string): Promise<void> {
  await fetch(base, { method: 'HEAD', signal: AbortSignal.timeout(firstAnswerMs) })
}

async function download(url: URL, partial: string, file: PackFile, onBytes: (bytes: number) => void): Promise<void> {
  let have = await sizeOf(partial)
  if (have >= file.bytes) {
    if (have === file.bytes) return
    await rm(partial)
    have = 0
  }
  const headers: Record<string, string> = have > 0 ? { range: `bytes=${have}-` } : {}
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(fileTimeoutMs) })
  if (!response.ok || response.body === null)
    throw new Error(`${url.host} answered ${response.status} for ${file.path}`)
  // A server that knows no ranges sends the whole file again.
  const goesOn = response.status === 206
  let bytes = goesOn ? have : 0
  const counted = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      bytes += chunk.byteLength
      onBytes(bytes)
      yield chunk
    }
  }
  await pipeline(Readable.fromWeb(response.body), counted, createWriteStream(partial, { flags: goesOn ? 'a' : 'w' }))
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch {
    // Nothing was fetched yet.
    return 0
  }
}
