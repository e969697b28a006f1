import sharp from 'sharp'
import { crc32, deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { checkMedia, type GivenMedia } from '#services/router/admit/check-media'
import { describePart } from '#services/router/assess/describe-part'
import { openPages } from '#services/media/open-pages'
import { openPicture } from '#services/media/open-picture'
import { readWavFacts } from '#services/media/decode-wav'
import { wavFile } from '../../../support/wav-file.ts'

const limits = { imageMegapixels: 40, audioSeconds: 600 }
const mebibyte = 1024 * 1024

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data])
  const [size, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  size.writeUInt32BE(data.byteLength)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([size, body, sum])
}

/** A whole PNG of one grey, whose pixels compress a thousand times. */
function greyPng(width: number, height: number, extra: readonly Buffer[] = []): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.writeUInt8(8, 8)
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    ...extra,
    chunk('IDAT', deflateSync(Buffer.alloc((width + 1) * height))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** A JPEG of 8 by 8 pixels whose frame header says more. */
async function lyingJpeg(side: number): Promise<Buffer> {
  const bytes = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#444' } })
    .jpeg()
    .toBuffer()
  const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]))
  bytes.writeUInt16BE(side, frame + 5)
  bytes.writeUInt16BE(side, frame + 7)
  return bytes
}

/** A GIF whose screen and picture say more than is there. */
async function lyingGif(side: number): Promise<Buffer> {
  const bytes = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#444' } })
    .gif()
    .toBuffer()
  bytes.writeUInt16LE(side, 6)
  bytes.writeUInt16LE(side, 8)
  // The descriptor of the picture begins with a comma; behind the colours there is none before it.
  const descriptor = bytes.indexOf(0x2c, 13 + 3 * 2 ** ((bytes.readUInt8(10) & 7) + 1))
  bytes.writeUInt16LE(side, descriptor + 5)
  bytes.writeUInt16LE(side, descriptor + 7)
  return bytes
}

/** An extended WebP whose canvas says more than is there. */
async function lyingWebp(side: number): Promise<Buffer> {
  const flat = await sharp({ create: { width: 8, height: 8, channels: 4, background: '#4448' } })
    .webp({ lossless: true })
    .toBuffer()
  const extended = Buffer.alloc(18)
  extended.write('VP8X', 0, 'latin1')
  extended.writeUInt32LE(10, 4)
  extended.writeUInt8(0x10, 8)
  extended.writeUIntLE(side - 1, 12, 3)
  extended.writeUIntLE(side - 1, 15, 3)
  const whole = Buffer.concat([flat.subarray(0, 12), extended, flat.subarray(12)])
  whole.writeUInt32LE(whole.byteLength - 8, 4)
  return whole
}

async function refusal(given: GivenMedia): Promise<string> {
  try {
    await checkMedia(given, 'content[0].x', limits)
  } catch (error) {
    return (error as Error).message
  }
  return 'it was let in'
}

/** How much the process grew at its widest while something was done, as far as looks every few milliseconds see. */
async function growthOf(act: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage().rss
  let widest = before
  const timer = setInterval(() => (widest = Math.max(widest, process.memoryUsage().rss)), 2)
  await act()
  clearInterval(timer)
  return Math.max(widest, process.memoryUsage().rss) - before
}

describe('a picture that unfolds', { timeout: 30_000 }, () => {
  it('is refused by its header, before a pixel of it is decoded', async () => {
    const bomb = greyPng(12_000, 8000)
    expect(bomb.byteLength).toBeLessThan(300_000)
    const grown = await growthOf(async () => {
      expect(await refusal({ kind: 'image', bytes: bomb })).toContain('96.0 megapixels')
      await expect(openPages(bomb, 40)).rejects.toThrow(/96 megapixels/u)
    })
    expect(grown).toBeLessThan(60 * mebibyte)
  })

  it.each([
    ['JPEG', () => lyingJpeg(65_000)],
    ['GIF', () => lyingGif(65_000)],
    ['WebP', () => lyingWebp(16_000)],
  ] as const)('as %s is refused too', async (_format, make) => {
    const bytes = await make()
    expect(await refusal({ kind: 'image', bytes })).toMatch(/megapixels|cannot be read/u)
    await expect(openPages(bytes, 40)).rejects.toThrow(/megapixels|no supported format/u)
  })

  it('by a compressed comment or colour profile unfolds nothing', async () => {
    const folded = deflateSync(Buffer.alloc(150 * mebibyte))
    const note = chunk('zTXt', Buffer.concat([Buffer.from('Comment\0\0'), folded]))
    const profile = chunk('iCCP', Buffer.concat([Buffer.from('p\0\0'), folded]))
    const xmp = chunk('iTXt', Buffer.concat([Buffer.from('XML:com.adobe.xmp\0\u0001\0\0\0'), folded]))
    for (const extra of [note, profile, xmp]) {
      const bytes = greyPng(64, 64, [extra])
      const grown = await growthOf(async () => {
        await refusal({ kind: 'image', bytes })
        await describePart({ kind: 'image', bytes, mediaType: 'image/png', header: { width: 64, height: 64 } }).catch(
          () => undefined,
        )
      })
      expect(grown).toBeLessThan(100 * mebibyte)
    }
  })

  it('as large as is allowed is looked at without holding all of it', async () => {
    const bytes = greyPng(6300, 6300)
    const grown = await growthOf(() =>
      describePart({ kind: 'image', bytes, mediaType: 'image/png', header: { width: 6300, height: 6300 } }),
    )
    expect(grown).toBeLessThan(150 * mebibyte)
  })

  it('is never a drawing, which can name files and grow without bounds', async () => {
    const drawing =
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>'
    expect(await refusal({ kind: 'image', bytes: Buffer.from(drawing), mediaType: 'image/svg+xml' })).toContain(
      'draw it and send PNG',
    )
    const opened = await openPicture(Buffer.from(drawing), 40)
    await expect(opened.metadata()).rejects.toThrow(/unsupported/u)
    const posing = Buffer.concat([Buffer.from('GIF8'), Buffer.from(drawing)])
    expect(await refusal({ kind: 'image', bytes: posing })).toContain('cannot be read')
  })
})

describe('a WAV header that lies', () => {
  const whole = Buffer.from(wavFile(new Float32Array(800), { sampleRate: 8000, channels: 1, bits: 16 }))
  const at = { riffSize: 4, fmtSize: 16, encoding: 20, channels: 22, rate: 24, bits: 34, dataSize: 40 }
  const lie = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.from(whole)
    change(bytes)
    return bytes
  }

  it.each([
    [
      'more samples than came',
      lie(bytes => {
        bytes.writeUInt32LE(90_000, at.dataSize)
        bytes.writeUInt32LE(90_036, at.riffSize)
      }),
    ],
    ['a format chunk past the end', lie(bytes => bytes.writeUInt32LE(0xfffffff0, at.fmtSize))],
    ['65,535 channels', lie(bytes => bytes.writeUInt16LE(65_535, at.channels))],
    ['no channels', lie(bytes => bytes.writeUInt16LE(0, at.channels))],
    ['a rate of nothing', lie(bytes => bytes.writeUInt32LE(0, at.rate))],
    ['a rate of four billion', lie(bytes => bytes.writeUInt32LE(0xffffffff, at.rate))],
    ['no bits', lie(bytes => bytes.writeUInt16LE(0, at.bits))],
    ['an encoding of its own', lie(bytes => bytes.writeUInt16LE(0x55, at.encoding))],
  ])('about %s is refused', async (_what, bytes) => {
    expect(await refusal({ kind: 'audio', bytes })).toMatch(/WAV|rate|channels/u)
  })

  it('about its length is believed no further than its bytes', () => {
    const open = lie(bytes => bytes.writeUInt32LE(0xffffffff, at.dataSize))
    expect(readWavFacts(open).durationMs).toBe(100)
  })

  it('by millions of empty chunks holds nobody up', async () => {
    const empty = Buffer.from('junk\0\0\0\0', 'latin1')
    const flood = Buffer.concat([whole.subarray(0, 12), Buffer.alloc(8 * 2_000_000, empty), whole.subarray(12)])
    expect(await refusal({ kind: 'audio', bytes: flood })).toContain('more than 256 chunks')
  })
})
