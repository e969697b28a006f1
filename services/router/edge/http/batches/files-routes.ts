import type OpenAI from 'openai'
import { Readable } from 'node:stream'
import { noSuchFile, type FileStore, type StoredFile } from '#services/state/files/file-store'
import type { HttpCall, Route } from '../serve-route.ts'
import { listPage, readListQuery } from './list-page.ts'
import { readUpload, uploadSchema, type UploadOptions } from './read-upload.ts'

const shared = { scope: 'infer', dialect: 'openai', rpc: 'Files' } as const
const idOf = ({ request }: HttpCall): string => (request.params as { readonly file: string }).file

/** `/v1/files`: up, down, listed and removed; each tenant sees its own alone. */
export function createFilesRoutes(options: UploadOptions, files: FileStore): readonly Route[] {
  const found = async (call: HttpCall): Promise<StoredFile> => {
    const file = await files.find(call.context.caller.tenant, idOf(call))
    if (file === undefined) throw noSuchFile()
    return file
  }
  return [
    {
      ...shared,
      method: 'POST',
      path: '/v1/files',
      summary: 'Keeps the input of a batch',
      body: uploadSchema,
      form: true,
      answer: async (_body, { context, request }) =>
        fileToWire(await readUpload(request, context.caller.tenant, options, files)),
    },
    {
      ...shared,
      method: 'GET',
      path: '/v1/files',
      summary: 'Files of the caller, newest first',
      query: ['limit', 'after', 'order', 'purpose'],
      async answer(_body, { context, request }) {
        const { limit, order, purpose, ...query } = readListQuery(request.query)
        const { tenant } = context.caller
        const all = await files.list(tenant, { ...query, limit: mostFiles, oldestFirst: order === 'asc' })
        const wanted = all.filter(file => purpose === undefined || file.purpose === purpose)
        return listPage(wanted.slice(0, limit + 1).map(fileToWire), limit)
      },
    },
    {
      ...shared,
      method: 'GET',
      path: '/v1/files/:file',
      summary: 'One file',
      answer: async (_body, call) => fileToWire(await found(call)),
    },
    {
      ...shared,
      method: 'GET',
      path: '/v1/files/:file/content',
      summary: 'What is in it',
      async answer(_body, call) {
        const { bytes, fileId } = await found(call)
        call.reply.type('application/octet-stream').header('content-length', bytes)
        return Readable.from(files.read(call.context.caller.tenant, fileId), { objectMode: false, highWaterMark: 1 })
      },
    },
    {
      ...shared,
      method: 'DELETE',
      path: '/v1/files/:file',
      summary: 'Removes a file for good',
      async answer(_body, call) {
        const { fileId } = await found(call)
        await files.remove(call.context.caller.tenant, fileId)
        return { id: fileId, object: 'file', deleted: true } satisfies OpenAI.FileDeleted
      },
    },
  ]
}

/** No tenant has more. */
const mostFiles = 1000

function fileToWire({ fileId, name, purpose, bytes, createdAt, endsAt }: StoredFile): OpenAI.FileObject {
  return {
    id: fileId,
    object: 'file',
    bytes,
    created_at: Math.floor(createdAt / 1000),
    expires_at: Math.floor(endsAt / 1000),
    filename: name,
    purpose,
    status: 'processed',
  }
}
