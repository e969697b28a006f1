/** How the bytes of an image end, as far as its blocks tell without decoding them. */
export type ImageEnd =
  /** Its last block is there. What follows, such as the film of a motion photo, is none of it. */
  | 'whole'
  /** They end within a block. */
  | 'cut'
  /** Only decoding can find out. */
  | 'unknown'

/**
 * Walks the blocks of an image from its beginning to its end mark. A mark among other bytes is none, so what was
 * appended misleads nobody.
 */
export function findImageEnd(bytes: Uint8Array, mediaType: string): ImageEnd {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (mediaType === 'image/png') return endOfPng(buffer)
  if (mediaType === 'image/jpeg') return endOfJpeg(buffer)
  if (mediaType === 'image/gif') return endOfGif(buffer)
  if (mediaType === 'image/webp') return buffer.readUInt32LE(4) + 8 <= buffer.length ? 'whole' : 'unknown'
  return 'unknown'
}

/** @source W3C, Portable Network Graphics (PNG) Specification, section 5.3 */
function endOfPng(buffer: Buffer): ImageEnd {
  for (let at = 8; at + 8 <= buffer.length;) {
    if (buffer.toString('latin1', at + 4, at + 8) === 'IEND') return 'whole'
    at += 12 + buffer.readUInt32BE(at)
  }
  return 'unknown'
}

const startOfScan = 0xda
/** Markers that stand alone within a scan: a stuffed byte, and restarts. */
const isWithinScan = (marker: number): boolean => marker === 0 || (marker >= 0xd0 && marker <= 0xd7)
/** What may follow a scan: tables, the next scan, a number of lines. Others are of other bytes than this image. */
const followsScan: ReadonlySet<number> = new Set([0xc4, 0xcc, startOfScan, 0xdb, 0xdc, 0xdd, 0xfe])

/** @source ITU-T T.81, annex B */
function endOfJpeg(buffer: Buffer): ImageEnd {
  let scanned = false
  let at = 2
  for (;;) {
    const marker = buffer[at] === 0xff ? buffer[at + 1] : undefined
    if (marker === 0xd9 && scanned) return 'whole'
    if (marker === undefined || (scanned && !followsScan.has(marker)) || at + 4 > buffer.length) return 'unknown'
    at += 2 + buffer.readUInt16BE(at + 2)
    if (marker === startOfScan) {
      scanned = true
      at = nextMarker(buffer, at)
    }
  }
}

/** Where the data of a scan end; the end of the bytes where they do not. */
function nextMarker(buffer: Buffer, from: number): number {
  for (let at = buffer.indexOf(0xff, from); at >= 0; at = buffer.indexOf(0xff, at)) {
    const marker = buffer[at + 1]
    if (marker === undefined) break
    if (marker === 0xff) at += 1
    else if (isWithinScan(marker)) at += 2
    else return at
  }
  return buffer.length
}

/** @source CompuServe, GIF89a Specification, sections 17 to 27 */
function endOfGif(buffer: Buffer): ImageEnd {
  if (buffer.length < 13) return 'cut'
  let at = 13 + colourBytes(buffer[10]!)
  while (at < buffer.length) {
    const block = buffer[at]
    if (block === 0x3b) return 'whole'
    if (block === 0x21) at = endOfSubBlocks(buffer, at + 2)
    else if (block === 0x2c && at + 10 < buffer.length)
      at = endOfSubBlocks(buffer, at + 11 + colourBytes(buffer[at + 9]!))
    else return block === 0x2c ? 'cut' : 'unknown'
  }
  // Some writers leave out the end mark.
  return at === buffer.length ? 'whole' : 'cut'
}

function endOfSubBlocks(buffer: Buffer, from: number): number {
  let at = from
  while (at < buffer.length && buffer[at] !== 0) at += buffer[at]! + 1
  return at + 1
}

function colourBytes(flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1)
}
