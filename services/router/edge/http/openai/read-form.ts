import type { FastifyRequest } from 'fastify'
import { GatewayError, invalidField } from '#services/contract/errors'

/** A form with one file. */
export interface Form {
  readonly fields: Readonly<Record<string, string | readonly string[]>>
  readonly file?: { readonly name: string; readonly mediaType: string; readonly bytes: Buffer }
}

const mostFields = 32
const longestFieldBytes = 65_536

/** Reads a form piece by piece as it comes; its file is never text. @throws GatewayError InvalidRequest, TooLarge */
export async function readForm(request: FastifyRequest, mostFileBytes: number): Promise<Form> {
  if (!request.isMultipart()) throw invalidField('content-type', 'expected multipart/form-data')
  const limits = {
    files: 1,
    fields: mostFields,
    fieldSize: longestFieldBytes,
    fileSize: mostFileBytes,
    parts: mostFields + 1,
  }
  const fields: Record<string, string | string[]> = {}
  let file: Form['file']
  for await (const part of request.parts({ limits })) {
    if (part.type === 'file') {
      const chunks: Buffer[] = []
      for await (const chunk of part.file) chunks.push(chunk as Buffer)
      if (part.file.truncated) throw tooLarge()
      file = { name: part.filename, mediaType: part.mimetype, bytes: Buffer.concat(chunks) }
    } else {
      const value = String(part.value)
      const before = fields[part.fieldname]
      fields[part.fieldname] = before === undefined ? value : [before, value].flat()
    }
  }
  return { fields, ...(file === undefined ? {} : { file }) }
}

function tooLarge(): GatewayError {
  return new GatewayError('TooLarge', 'file: it is larger than limits.http.bodyMegabytes allows', {
    reason: 'BODY_TOO_LARGE',
  })
}
