import type { Modality } from '#services/contract/content'

/** What bytes are by their own account. */
export interface Sniffed {
  readonly kind: Exclude<Modality, 'text'>
  readonly mediaType: string
}

/** Tells a medium by its first bytes; `undefined` when they are of none that is known. @source the formats' own specifications, as gathered in the WHATWG MIME Sniffing Standard */
export function sniffMedia(bytes: Uint8Array): Sniffed | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 16)).toString('latin1')
  return signatures.find(({ at, text, also }) => {
    return head.startsWith(text, at) && (also === undefined || head.startsWith(also.text, also.at))
  })?.is
}

interface Signature {
  readonly at: number
  readonly text: string
  readonly also?: { readonly at: number; readonly text: string }
  readonly is: Sniffed
}

const signatures: readonly Signature[] = [
  { at: 0, text: '\x89PNG\r\n\x1a\n', is: { kind: 'image', mediaType: 'image/png' } },
  { at: 0, text: '\xff\xd8\xff', is: { kind: 'image', mediaType: 'image/jpeg' } },
  { at: 0, text: 'GIF8', is: { kind: 'image', mediaType: 'image/gif' } },
  { at: 0, text: 'RIFF', also: { at: 8, text: 'WEBP' }, is: { kind: 'image', mediaType: 'image/webp' } },
  { at: 0, text: 'II*\0', is: { kind: 'image', mediaType: 'image/tiff' } },
  { at: 0, text: 'MM\0*', is: { kind: 'image', mediaType: 'image/tiff' } },
  { at: 4, text: 'ftypavif', is: { kind: 'image', mediaType: 'image/avif' } },
  { at: 0, text: 'RIFF', also: { at: 8, text: 'WAVE' }, is: { kind: 'audio', mediaType: 'audio/wav' } },
  { at: 0, text: 'RF64', also: { at: 8, text: 'WAVE' }, is: { kind: 'audio', mediaType: 'audio/wav' } },
  { at: 0, text: 'BW64', also: { at: 8, text: 'WAVE' }, is: { kind: 'audio', mediaType: 'audio/wav' } },
  { at: 0, text: 'fLaC', is: { kind: 'audio', mediaType: 'audio/flac' } },
  { at: 0, text: 'OggS', is: { kind: 'audio', mediaType: 'audio/ogg' } },
  { at: 0, text: 'ID3', is: { kind: 'audio', mediaType: 'audio/mpeg' } },
  { at: 0, text: '\xff\xfb', is: { kind: 'audio', mediaType: 'audio/mpeg' } },
  { at: 0, text: '\xff\xf3', is: { kind: 'audio', mediaType: 'audio/mpeg' } },
  { at: 0, text: '\x1aE\xdf\xa3', is: { kind: 'video', mediaType: 'video/webm' } },
  { at: 4, text: 'ftyp', is: { kind: 'video', mediaType: 'video/mp4' } },
  { at: 0, text: '%PDF-', is: { kind: 'document', mediaType: 'application/pdf' } },
]
