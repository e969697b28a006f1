import type { IncomingHttpHeaders } from 'node:http'
import type { Readable, Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { invalidField } from '#services/contract/errors'

/** A body as it is read, with how much of it came over the wire. */
type Payload = Readable & { receivedEncodedLength?: number }

const unpackers: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

/**
 * Decompresses a body by its `content-encoding`. The limit on bodies holds for what comes out, which
 * is read no further than that.
 */
export function unpacked(
  headers: IncomingHttpHeaders,
  payload: Payload,
  done: (error: Error | null, payload?: Payload) => void,
): void {
  const encoding = (headers['content-encoding'] ?? '').trim().toLowerCase()
  if (encoding === '' || encoding === 'identity') return done(null, payload)
  const isForm = headers['content-type']?.startsWith('multipart/') === true
  const unpack = isForm ? undefined : unpackers[encoding]
  if (unpack === undefined) {
    const taken = isForm ? 'a form is taken as it is alone' : `expected ${Object.keys(unpackers).join(', ')} or none`
    return done(invalidField('content-encoding', taken))
  }
  const out: Payload = unpack()
  out.receivedEncodedLength = 0
  payload.on('data', (piece: Buffer) => (out.receivedEncodedLength = (out.receivedEncodedLength ?? 0) + piece.length))
  payload.once('error', error => out.destroy(error)).once('close', () => void (payload.readableEnded || out.destroy()))
  payload.pipe(out as Payload & Transform)
  return done(null, out)
}
