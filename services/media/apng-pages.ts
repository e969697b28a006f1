/**
 * How many pictures a PNG holds: the frames of an animated one, and the picture for viewers that do not animate where
 * that is none of them; 1 for any other.
 *
 * @source W3C, Portable Network Graphics (PNG) Specification, third edition, section 11.3.6
 */
export function apngPagesOf(bytes: Uint8Array): number {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let frames = 0
  let isFrame = false
  for (let at = 8; at + 12 <= buffer.length;) {
    const type = buffer.toString('latin1', at + 4, at + 8)
    if (type === 'acTL') frames = buffer.readUInt32BE(at + 8)
    if (type === 'fcTL') isFrame = true
    // What is said of an animation stands before the first picture.
    if (type === 'IDAT') break
    at += 12 + buffer.readUInt32BE(at)
  }
  return frames === 0 ? 1 : frames + Number(!isFrame)
}
