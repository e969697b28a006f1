const headBytes = 27
const beginsStream = 0x02

/**
 * The links of an Ogg file: recordings that follow each other in one file, as a radio stream or a recorder that was
 * stopped and started again leaves them. One link where it is not chained, or is no Ogg.
 *
 * @source RFC 3533, section 4: a link begins with the first pages of its streams, after all pages of the link before
 */
export function oggLinksOf(bytes: Uint8Array): readonly Uint8Array[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const starts: number[] = []
  let isInHead = false
  for (let at = 0; buffer.toString('latin1', at, at + 4) === 'OggS' && at + headBytes <= buffer.length;) {
    const begins = (buffer[at + 5]! & beginsStream) !== 0
    if (begins && !isInHead) starts.push(at)
    isInHead = begins
    const segments = buffer.subarray(at + headBytes, at + headBytes + buffer[at + 26]!)
    at += headBytes + segments.length + segments.reduce((sum, length) => sum + length, 0)
  }
  return starts.length < 2 ? [bytes] : starts.map((start, index) => bytes.subarray(start, starts[index + 1]))
}
