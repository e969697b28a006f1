import { randomUUID } from 'node:crypto'
import { Base64Text } from './base64-text.ts'

/** Stands in a request where a medium is to be: no caller can know it. */
const mark = randomUUID()

/**
 * Writes a request as JSON. Media are written into its bytes where they belong: `JSON.stringify` would look at
 * every character of them, and the connection would look at every character again, which takes a worker longer than
 * all else that it does with a picture.
 */
export function encodeBody(request: object): string | Buffer {
  const media: Base64Text[] = []
  const text = JSON.stringify(request, (_key, value: unknown) => {
    if (!(value instanceof Base64Text)) return value
    media.push(value)
    return mark
  })
  return media.length === 0 ? text : fill(text.split(mark), media)
}

/** Puts the media between the pieces, in one allocation. */
function fill(pieces: readonly string[], media: readonly Base64Text[]): Buffer {
  const words = pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0)
  const body = Buffer.allocUnsafe(media.reduce((sum, medium) => sum + medium.length, words))
  let at = 0
  pieces.forEach((piece, index) => {
    at += body.write(piece, at)
    at = media[index]?.writeInto(body, at) ?? at
  })
  return body
}
