import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { GatewayError, invalidField } from '#services/contract/errors'
import type { FileStore, StoredFile } from '#services/state/files/file-store'
import { maybe, readBody } from '../read-body.ts'

/** The fields of the form beside its file. @source OpenAI API reference, "Upload file" */
export const uploadSchema = z.strictObject({
  purpose: z.literal('batch', 'only files of batches are kept here: expected batch'),
  'expires_after[anchor]': maybe(z.literal('created_at', 'expected created_at')),
  'expires_after[seconds]': maybe(z.string().regex(/^\d{1,10}$/u, 'expected a whole number')),
})

/** What an upload is held to. */
export interface UploadOptions {
  readonly fileBytes: number
  /** Default retention of a file. */
  readonly keepMs: number
}

const mostFields = 16
const longestFieldBytes = 1024
/** An upload that was broken off is gone after this, where its router could not remove it. */
const uploadTtlMs = 3_600_000
const pieceBytes = 262_144
const shortestSeconds = 3600
const longestSeconds = 2_592_000

/**
 * Reads a form whose file goes into the store as it comes, no faster than the store takes it. It is seen when all of
 * it is there and the form is sound.
 * @throws GatewayError InvalidRequest, TooLarge
 */
export async function readUpload(
  request: FastifyRequest,
  tenant: string,
  { fileBytes, keepMs }: UploadOptions,
  files: FileStore,
): Promise<StoredFile> {
  if (!request.isMultipart()) throw invalidField('content-type', 'expected multipart/form-data')
  const limits = { files: 1, fields: mostFields, fieldSize: longestFieldBytes, fileSize: fileBytes, parts: mostFields }
  const fields: Record<string, string> = {}
  let stored: { readonly fileId: string; readonly name: string; readonly bytes: number } | undefined
  const fileId = await files.begin(tenant, uploadTtlMs)
  try {
    for await (const part of request.parts({ limits })) {
      if (part.type === 'field') fields[part.fieldname] = String(part.value)
      else {
        const bytes = await store(part.file, piece => files.append(tenant, fileId, piece))
        if (part.file.truncated) throw tooLarge()
        stored = { fileId, name: nameOf(part.filename), bytes }
      }
    }
    const form = readBody(uploadSchema, fields)
    if (stored === undefined || stored.bytes === 0) throw invalidField('file', 'expected a file that is not empty')
    const ttlMs = ttlOf(form['expires_after[seconds]']) ?? keepMs
    return await files.seal(tenant, fileId, { name: stored.name, purpose: 'batch', ttlMs })
  } catch (error) {
    await files.remove(tenant, fileId).catch(() => {
      // Its time to live ends it.
    })
    throw error
  }
}

/** Takes the bytes in pieces of some size: each is a step of the store. */
async function store(file: AsyncIterable<Buffer>, take: (piece: Buffer) => Promise<void>): Promise<number> {
  let waiting: Buffer[] = []
  let waitingBytes = 0
  let bytes = 0
  const flush = async (): Promise<void> => {
    if (waitingBytes > 0) await take(Buffer.concat(waiting))
    waiting = []
    waitingBytes = 0
  }
  for await (const chunk of file) {
    waiting.push(chunk)
    waitingBytes += chunk.byteLength
    bytes += chunk.byteLength
    if (waitingBytes >= pieceBytes) await flush()
  }
  await flush()
  return bytes
}

function ttlOf(seconds: string | null | undefined): number | undefined {
  if (seconds === null || seconds === undefined) return undefined
  const wanted = Number(seconds)
  if (wanted < shortestSeconds || wanted > longestSeconds) {
    throw invalidField('expires_after[seconds]', `expected ${shortestSeconds} to ${longestSeconds}`)
  }
  return wanted * 1000
}

/** A name without a path, to be shown. */
function nameOf(name: string | undefined): string {
  return (name ?? '').replaceAll(/[^\p{L}\p{N}._ -]/gu, '_').slice(0, 200) || 'file.jsonl'
}

function tooLarge(): GatewayError {
  return new GatewayError('TooLarge', 'file: it is larger than limits.batches.fileMegabytes allows', {
    reason: 'FILE_TOO_LARGE',
  })
}
