const pictures = 'send JPEG, PNG, WebP, GIF, TIFF or AVIF'
const sounds = 'send WAV, MP3, M4A, FLAC, Ogg or WebM'
const videos = 'send MP4, MOV, WebM or MKV'

/** Types that are told and not read, and what to send instead. */
const instead: ReadonlyMap<string, string> = new Map([
  ['image/heic', pictures],
  ['image/bmp', pictures],
  ['image/jxl', pictures],
  ['image/jp2', pictures],
  ['image/qoi', pictures],
  ['image/x-exr', pictures],
  ['image/x-portable-anymap', pictures],
  ['image/vnd.adobe.photoshop', pictures],
  ['image/vnd-ms.dds', pictures],
  ['image/x-icon', pictures],
  // A drawing can refer to files and addresses, and grow without bounds.
  ['image/svg+xml', 'draw it and send PNG'],
  ['audio/aiff', sounds],
  ['audio/amr', sounds],
  ['audio/ac3', sounds],
  ['audio/basic', sounds],
  ['audio/midi', sounds],
  ['audio/mp2', sounds],
  ['audio/speex', sounds],
  ['audio/x-caf', sounds],
  ['audio/x-w64', sounds],
  ['audio/ogg; codecs=flac', sounds],
  ['video/x-msvideo', videos],
  ['video/x-flv', videos],
  ['video/x-ms-asf', videos],
  ['video/mpeg', videos],
  ['video/mp2t', videos],
  ['video/ogg', videos],
])

/** What to send instead of a medium of a type that is not read; `undefined` of others. */
export function insteadOf(mediaType: string): string | undefined {
  return instead.get(mediaType)
}
