import type { Modality } from '#services/contract/content'

/** What bytes are by their own account. */
export interface Sniffed {
  readonly kind: Exclude<Modality, 'text'>
  readonly mediaType: string
}

/**
 * Recognises a medium by its first bytes; `undefined` when they are of none that is known. Media that cannot be read
 * are recognised too, so that an error can name them.
 * @source the formats' own specifications, as gathered in the WHATWG MIME Sniffing Standard
 */
export function sniffMedia(bytes: Uint8Array): Sniffed | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 192)).toString('latin1')
  if (head.startsWith('ftyp', 4)) return sniffBrands(head.slice(0, head.charCodeAt(2) * 256 + head.charCodeAt(3)))
  if (drawing.test(head)) return { kind: 'image', mediaType: 'image/svg+xml' }
  if (mpegAudio.test(head)) return { kind: 'audio', mediaType: 'audio/mpeg' }
  if (mpegLayer2.test(head)) return { kind: 'audio', mediaType: 'audio/mp2' }
  if (anymap.test(head)) return { kind: 'image', mediaType: 'image/x-portable-anymap' }
  if (adtsAudio.test(head)) return { kind: 'audio', mediaType: 'audio/aac' }
  return signatures.find(({ at, text, also }) => {
    return head.startsWith(text, at) && (also === undefined || head.startsWith(also.text, also.at))
  })?.is
}

/** An SVG drawing; one with a long preamble is not recognised. */
const drawing = /^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<svg[\s>]|<!DOCTYPE svg)/u

/** A frame of MPEG audio, layer III, with or without a checksum. @source ISO/IEC 11172-3, 2.4.2.3 */
const mpegAudio = /^\xff[\xe2\xe3\xf2\xf3\xfa\xfb]/u

/** The same of layer I or II. */
const mpegLayer2 = /^\xff[\xf4-\xf7\xfc-\xff]/u

/** @source the Netpbm formats, "pbm" to "pam" */
const anymap = /^P[1-7]\s/u

/** A frame of AAC with an ADTS head. @source ISO/IEC 14496-3, 1.A.2.2 */
const adtsAudio = /^\xff[\xf0\xf1\xf8\xf9]/u

/** Files of ISO/IEC 14496-12 name their type by brands: the major one first, then the compatible ones. */
function sniffBrands(head: string): Sniffed {
  const brands = (head.slice(8, 12) + head.slice(16)).match(/.{4}/gsu) ?? []
  const major = brands[0] ?? ''
  if (brands.some(brand => /^avi[fs]$/u.test(brand)) && !major.startsWith('he')) {
    return { kind: 'image', mediaType: 'image/avif' }
  }
  if (/^(?:he[iv][cmsx]|mi[fa]1|msf1)$/u.test(major)) return { kind: 'image', mediaType: 'image/heic' }
  if (/^M4[ABP] $/u.test(major)) return { kind: 'audio', mediaType: 'audio/mp4' }
  return { kind: 'video', mediaType: 'video/mp4' }
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
  { at: 0, text: 'BM', also: { at: 6, text: '\0\0\0\0' }, is: { kind: 'image', mediaType: 'image/bmp' } },
  { at: 0, text: 'II+\0', is: { kind: 'image', mediaType: 'image/tiff' } },
  { at: 0, text: 'MM\0+', is: { kind: 'image', mediaType: 'image/tiff' } },
  { at: 0, text: 'II*\0', is: { kind: 'image', mediaType: 'image/tiff' } },
  { at: 0, text: 'MM\0*', is: { kind: 'image', mediaType: 'image/tiff' } },
  { at: 0, text: 'RIFF', also: { at: 8, text: 'WAVE' }, is: { kind: 'audio', mediaType: 'audio/wav' } },
  { at: 0, text: 'RF64', also: { at: 8, text: 'WAVE' }, is: { kind: 'audio', mediaType: 'audio/wav' } },
  { at: 0, text: 'BW64', also: { at: 8, text: 'WAVE' }, is: { kind: 'audio', mediaType: 'audio/wav' } },
  { at: 0, text: 'fLaC', is: { kind: 'audio', mediaType: 'audio/flac' } },
  // What is in Ogg, its first packet says.
  {
    at: 0,
    text: 'OggS',
    also: { at: 28, text: '\x7fFLAC' },
    is: { kind: 'audio', mediaType: 'audio/ogg; codecs=flac' },
  },
  { at: 0, text: 'OggS', also: { at: 28, text: 'Speex  ' }, is: { kind: 'audio', mediaType: 'audio/speex' } },
  { at: 0, text: 'OggS', also: { at: 28, text: '\x80theora' }, is: { kind: 'video', mediaType: 'video/ogg' } },
  { at: 0, text: 'OggS', is: { kind: 'audio', mediaType: 'audio/ogg' } },
  { at: 0, text: 'ID3', is: { kind: 'audio', mediaType: 'audio/mpeg' } },
  { at: 0, text: '\x1aE\xdf\xa3', is: { kind: 'video', mediaType: 'video/webm' } },
  { at: 0, text: '\xff\x0a', is: { kind: 'image', mediaType: 'image/jxl' } },
  { at: 4, text: 'JXL \r\n\x87\n', is: { kind: 'image', mediaType: 'image/jxl' } },
  { at: 4, text: 'jP  \r\n\x87\n', is: { kind: 'image', mediaType: 'image/jp2' } },
  { at: 0, text: '\xff\x4f\xff\x51', is: { kind: 'image', mediaType: 'image/jp2' } },
  { at: 0, text: 'qoif', is: { kind: 'image', mediaType: 'image/qoi' } },
  { at: 0, text: 'v/1\x01', is: { kind: 'image', mediaType: 'image/x-exr' } },
  { at: 0, text: 'DDS ', is: { kind: 'image', mediaType: 'image/vnd-ms.dds' } },
  { at: 0, text: '8BPS', is: { kind: 'image', mediaType: 'image/vnd.adobe.photoshop' } },
  { at: 0, text: '\0\0\x01\0', is: { kind: 'image', mediaType: 'image/x-icon' } },
  { at: 0, text: 'FORM', also: { at: 8, text: 'AIF' }, is: { kind: 'audio', mediaType: 'audio/aiff' } },
  { at: 0, text: 'caff', is: { kind: 'audio', mediaType: 'audio/x-caf' } },
  { at: 0, text: '.snd', is: { kind: 'audio', mediaType: 'audio/basic' } },
  { at: 0, text: 'MThd', is: { kind: 'audio', mediaType: 'audio/midi' } },
  { at: 0, text: '\x0bw', is: { kind: 'audio', mediaType: 'audio/ac3' } },
  { at: 0, text: 'riff.\x91\xcf\x11', is: { kind: 'audio', mediaType: 'audio/x-w64' } },
  { at: 0, text: '#!AMR', is: { kind: 'audio', mediaType: 'audio/amr' } },
  { at: 0, text: 'RIFF', also: { at: 8, text: 'AVI ' }, is: { kind: 'video', mediaType: 'video/x-msvideo' } },
  { at: 0, text: 'FLV\x01', is: { kind: 'video', mediaType: 'video/x-flv' } },
  { at: 0, text: '0&\xb2u\x8ef\xcf\x11', is: { kind: 'video', mediaType: 'video/x-ms-asf' } },
  { at: 0, text: 'G', also: { at: 188, text: 'G' }, is: { kind: 'video', mediaType: 'video/mp2t' } },
  { at: 0, text: '\0\0\x01\xb3', is: { kind: 'video', mediaType: 'video/mpeg' } },
  { at: 0, text: '\0\0\x01\xba', is: { kind: 'video', mediaType: 'video/mpeg' } },
  { at: 0, text: '%PDF-', is: { kind: 'document', mediaType: 'application/pdf' } },
]
