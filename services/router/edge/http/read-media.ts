import type { MediaSource, MediumKind, Part } from '#services/contract/content'
import { invalidField } from '#services/contract/errors'

const dataUrl = /^data:([\w.+-]+\/[\w.+-]+)?(?:;[\w=.+-]+)*;base64,/u
const base64 = /^[A-Za-z0-9+/\-_\s]*={0,2}\s*$/u

/** A part from base64 text, decoded at once: the text itself is not kept. @throws GatewayError InvalidRequest */
export function mediaOfBase64(kind: MediumKind, text: string, field: string, mediaType?: string): Part {
  return mediaPart(kind, { kind: 'bytes', bytes: decodeBase64(text, field) }, mediaType)
}

/**
 * A part from a URL: one that holds its data, or one to be fetched, which the deployment has to allow.
 * @throws GatewayError InvalidRequest
 */
export function mediaOfUrl(kind: MediumKind, url: string, field: string): Part {
  const [head, mediaType] = dataUrl.exec(url.slice(0, 256)) ?? []
  if (head !== undefined) return mediaOfBase64(kind, url.slice(head.length), field, mediaType)
  if (url.startsWith('data:')) throw invalidField(field, 'expected a data URL in base64')
  return mediaPart(kind, { kind: 'uri', uri: url })
}

function mediaPart(kind: MediumKind, source: MediaSource, mediaType?: string): Part {
  return { kind, source, ...(mediaType === undefined || mediaType === '' ? {} : { mediaType }) }
}

function decodeBase64(text: string, field: string): Uint8Array {
  // Node takes whatever it can of what is none; the shape of large ones is looked at in pieces, since a match of
  // all of it costs time.
  const isSound = base64.test(text.slice(0, 4096)) || base64.test(`${text.slice(0, 4096)}=`)
  const bytes = Buffer.from(text, 'base64')
  if (!isSound || bytes.byteLength === 0) throw invalidField(field, 'expected base64')
  return bytes
}
