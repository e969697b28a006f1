import { randomUUID } from 'node:crypto'

/** Shorter strings are written by JSON as fast. */
const longCharacters = 65_536
/** What JSON writes as it is, of what base64 and the head of a data URL are made of. */
const plain = /^[A-Za-z0-9+/=:;,.-]*$/
/** Stands in a request where a long string is to be: no caller can know it. */
const mark = randomUUID()

/**
 * Writes a request as JSON. Media, which are base64 here, are copied in as they are: `JSON.stringify` would look at every character of
 * them, and the connection would look at every character again, which takes a worker longer than all else that it does with a picture.
 */
export function encodeBody(request: object): string | Buffer {
  const media: string[] = []
  const text = JSON.stringify(request, (_key, value: unknown) => {
    if (typeof value !== 'string' || value.length < longCharacters || !plain.test(value)) return value
    media.push(value)
    return mark
  })
  return media.length === 0
    ? text
    : fill(
        text.split(mark).map(piece => Buffer.from(piece)),
        media,
      )
}

/** Puts the media between the pieces, in one allocation. */
function fill(pieces: readonly Buffer[], media: readonly string[]): Buffer {
  const body = Buffer.allocUnsafe([...pieces, ...media].reduce((sum, one) => sum + one.length, 0))
  let at = 0
  pieces.forEach((piece, index) => {
    at += piece.copy(body, at)
    at += body.write(media[index] ?? '', at, 'latin1')
  })
  return body
}
