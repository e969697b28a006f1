import sharp from 'sharp'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checkMedia, type GivenMedia } from '#services/router/admit/check-media'
import { sniffMedia } from '#services/media/sniff-media'
import { GatewayError } from '#services/contract/errors'
import { wavFile } from '../../../support/wav-file.ts'

const limits = { imageMegapixels: 40, audioSeconds: 10 }
const png = readFileSync(new URL('../../../fixtures/images/invoice.png', import.meta.url))
const speech = readFileSync(new URL('../../../fixtures/audio/spoken-3592.wav', import.meta.url))

const check = (given: GivenMedia) => checkMedia(given, 'content[0].x', limits)
const noise = sharp({
  create: { width: 64, height: 48, channels: 3, background: '#456', noise: { type: 'gaussian', mean: 120, sigma: 40 } },
})
const made = (format: 'jpeg' | 'webp' | 'gif' | 'png' | 'tiff' | 'avif') => noise.clone().toFormat(format).toBuffer()

/** A PNG whose header claims another size; its data is never to be decoded. */
function claiming(width: number, height: number): Buffer {
  const bytes = Buffer.from(png)
  bytes.writeUInt32BE(width, 16)
  bytes.writeUInt32BE(height, 20)
  return bytes
}

async function refusal(given: GivenMedia): Promise<{ readonly field: string | undefined; readonly message: string }> {
  try {
    await check(given)
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'InvalidRequest') throw error
    return { field: error.details.violations?.[0]?.field, message: error.message }
  }
  throw new Error('it was let in')
}

describe('checkMedia()', () => {
  it.each(['jpeg', 'webp', 'gif', 'png', 'tiff', 'avif'] as const)('takes %s and reads its size', async format => {
    const bytes = await made(format)
    const facts = await check({ kind: 'image', bytes, mediaType: `image/${format}` })
    expect(facts).toEqual({ mediaType: `image/${format}`, header: { width: 64, height: 48, bytes: bytes.byteLength } })
  })

  it('takes WAV and reads how long it is', async () => {
    const bytes = wavFile(new Float32Array(16_000), { sampleRate: 8000, channels: 2, bits: 16 })
    const { header } = await check({ kind: 'audio', bytes, mediaType: 'audio/x-wav; rate=8000' })
    expect(header).toMatchObject({ durationMs: 1000, sampleRateHz: 8000, channels: 2 })
  })

  it.each(['png', 'jpeg', 'gif', 'webp'] as const)(
    'refuses %s that is cut short anywhere behind its header',
    async format => {
      const whole = await made(format)
      for (const share of [0.4, 0.7, 0.95]) {
        const bytes = whole.subarray(0, Math.floor(whole.byteLength * share))
        expect(await refusal({ kind: 'image', bytes })).toMatchObject({
          field: 'content[0].x.bytes',
          message: expect.stringMatching(/cut short|cannot be read/u),
        })
      }
    },
  )

  const frames = async (format: 'gif' | 'webp' | 'tiff') => {
    const raw = await Promise.all([0, 1, 2].map(() => noise.clone().raw().toBuffer()))
    return sharp(Buffer.concat(raw), { raw: { width: 64, height: 48 * 3, channels: 3, pageHeight: 48 } })
      .toFormat(format)
      .toBuffer()
  }

  it.each(['gif', 'webp', 'tiff'] as const)(
    'takes a %s of several pages and refuses one that is cut short',
    async format => {
      const whole = await frames(format)
      expect((await check({ kind: 'image', bytes: whole })).header).toMatchObject({ width: 64, height: 48, pages: 3 })
      for (const share of [0.4, 0.7, 0.95]) {
        const bytes = whole.subarray(0, Math.floor(whole.byteLength * share))
        expect((await refusal({ kind: 'image', bytes })).message).toMatch(/cut short|cannot be read/u)
      }
    },
  )

  /** What is found behind the end of pictures: a film, zeros, a trailer of an editor, and a picture of its own. */
  const tails = [
    Buffer.concat([Buffer.from('\0\0\0\x18ftypmp42', 'latin1'), Buffer.alloc(40_000, 0x5a)]),
    Buffer.alloc(100),
    Buffer.alloc(70_000),
    Buffer.from('trailer'),
    png,
  ]
  it.each(['png', 'jpeg', 'gif', 'webp', 'tiff', 'avif'] as const)(
    'takes %s with bytes behind its end',
    async format => {
      const whole = await made(format)
      for (const tail of tails) {
        await expect(check({ kind: 'image', bytes: Buffer.concat([whole, tail]) })).resolves.toMatchObject({
          header: { width: 64, height: 48 },
        })
      }
    },
  )

  it('refuses a PNG that is cut short and filled up', async () => {
    const whole = await made('png')
    for (const share of [0.5, 0.9]) {
      for (const tail of tails) {
        const bytes = Buffer.concat([whole.subarray(0, Math.floor(whole.byteLength * share)), tail])
        expect((await refusal({ kind: 'image', bytes })).message).toMatch(/cut short|cannot be read/u)
      }
    }
  })

  it.each([
    ['gif', 1],
    ['png', 12],
  ] as const)('takes a %s that lacks its end mark alone', async (format, bytes) => {
    const whole = await made(format)
    const facts = await check({ kind: 'image', bytes: whole.subarray(0, whole.byteLength - bytes) })
    expect(facts.header).toMatchObject({ width: 64, height: 48 })
  })

  it.each([20, 40, 60, 1000])('refuses WAV of which %i bytes came', async length => {
    expect((await refusal({ kind: 'audio', bytes: speech.subarray(0, length) })).field).toBe('content[0].x.bytes')
  })

  it('refuses 200 megapixels by the header alone', async () => {
    const startedAt = performance.now()
    const { message } = await refusal({ kind: 'image', bytes: claiming(20_000, 10_000) })
    expect(message).toContain('200.0 megapixels')
    expect(performance.now() - startedAt).toBeLessThan(500)
  })

  it('refuses sound that is longer than the limit', async () => {
    const bytes = wavFile(new Float32Array(8000 * 11), { sampleRate: 8000, channels: 1, bits: 8 })
    expect((await refusal({ kind: 'audio', bytes })).message).toContain('11 s long, at most 10 s')
  })

  it.each([
    ['nothing', { kind: 'image', bytes: new Uint8Array() }, /empty/u],
    ['text posing as an image', { kind: 'image', bytes: Buffer.from('hello there, I am a text') }, /no image/u],
    [
      'SVG, which is a program',
      { kind: 'image', bytes: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>') },
      /svg.xml cannot be read: draw it and send PNG/u,
    ],
    ['an image as audio', { kind: 'audio', bytes: png }, /expected audio, found image\/png/u],
    ['audio as an image', { kind: 'image', bytes: speech }, /expected image, found audio\/wav/u],
    ['a picture that is only a signature', { kind: 'image', bytes: png.subarray(0, 12) }, /cannot be read/u],
  ] as const)('refuses %s', async (_what, given, why) => {
    const { field, message } = await refusal(given)
    expect(field).toBe('content[0].x.bytes')
    expect(message).toMatch(why)
    expect(message).not.toContain('hello there')
  })

  it('refuses a declared type that the bytes contradict, and quotes only what is one', async () => {
    expect(await refusal({ kind: 'image', bytes: png, mediaType: 'image/jpeg' })).toEqual({
      field: 'content[0].x.media_type',
      message: 'content[0].x.media_type: it says image/jpeg, the bytes are image/png',
    })
    const odd = `${'x'.repeat(63)}🙂 ${'y'.repeat(10_000)}`
    expect((await refusal({ kind: 'image', bytes: png, mediaType: odd })).message).toBe(
      'content[0].x.media_type: it says something else, the bytes are image/png',
    )
  })

  it.each(['image/png', 'IMAGE/PNG', 'application/octet-stream', 'image/png; q=1'])(
    'takes a PNG that says %s',
    async mediaType => {
      await expect(check({ kind: 'image', bytes: png, mediaType })).resolves.toMatchObject({ mediaType: 'image/png' })
    },
  )
})

describe('a picture that cannot be read', () => {
  it.each([
    ['\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'image/heic'],
    ['BM\x36\x10\0\0\0\0\0\0', 'image/bmp'],
    ['\xff\x0a', 'image/jxl'],
  ])('of %j is told by its name, with what to send', async (head, mediaType) => {
    const bytes = Buffer.from(`${head}${'\0'.repeat(64)}`, 'latin1')
    const { field, message } = await refusal({ kind: 'image', bytes, mediaType })
    expect(field).toBe('content[0].x.bytes')
    expect(message).toContain(`${mediaType} cannot be read: send JPEG`)
  })
})

describe('sniffMedia()', () => {
  const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

  it.each([
    ['\xff\xd8\xff\xe0', 'image/jpeg'],
    ['GIF89a', 'image/gif'],
    ['II*\0', 'image/tiff'],
    ['RIFF\0\0\0\0WEBP', 'image/webp'],
    ['RIFF\0\0\0\0WAVE', 'audio/wav'],
    ['RF64\0\0\0\0WAVE', 'audio/wav'],
    ['BW64\0\0\0\0WAVE', 'audio/wav'],
    ['OggS', 'audio/ogg'],
    ['ID3\x04', 'audio/mpeg'],
    ['\0\0\0\x20ftypisom', 'video/mp4'],
    ['\0\0\0\x14ftypqt  \0\0\0\0qt  ', 'video/mp4'],
    ['\0\0\0\x18ftypavif\0\0\0\0avifmif1', 'image/avif'],
    ['\0\0\0\x18ftypmif1\0\0\0\0mif1avif', 'image/avif'],
    // Behind the box of brands, other bytes say nothing.
    ['\0\0\0\x14ftypisom\0\0\0\0isomavif', 'video/mp4'],
    ['\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'image/heic'],
    ['\0\0\0\x18ftypmif1\0\0\0\0mif1heic', 'image/heic'],
    ['\0\0\0\x18ftypM4A \0\0\0\0M4A isom', 'audio/mp4'],
    ['\xff\xf2\x90\x64', 'audio/mpeg'],
    ['\xff\xfa\x90\x64', 'audio/mpeg'],
    ['\xff\xfb\x90\x64', 'audio/mpeg'],
    ['\xff\xf1\x50\x80', 'audio/aac'],
    ['\xff\xf9\x50\x80', 'audio/aac'],
    ['II+\0\x08\0\0\0', 'image/tiff'],
    ['BM\x36\x10\0\0\0\0\0\0', 'image/bmp'],
    ['\x1aE\xdf\xa3', 'video/webm'],
    ['\xff\x0a', 'image/jxl'],
    ['\0\0\0\x0cJXL \r\n\x87\n', 'image/jxl'],
    ['8BPS', 'image/vnd.adobe.photoshop'],
    ['<svg xmlns="http://www.w3.org/2000/svg">', 'image/svg+xml'],
    ['\xef\xbb\xbf<?xml version="1.0"?>\n<svg width="9">', 'image/svg+xml'],
    ['FORM\0\0\0\0AIFF', 'audio/aiff'],
    ['#!AMR\n', 'audio/amr'],
    ['RIFF\0\0\0\0AVI LIST', 'video/x-msvideo'],
    ['FLV\x01', 'video/x-flv'],
    ['\0\0\x01\xba', 'video/mpeg'],
    ['\0\0\x01\xb3', 'video/mpeg'],
    [`G${'\0'.repeat(187)}G`, 'video/mp2t'],
    [`OggS${'\0'.repeat(24)}\x80theora`, 'video/ogg'],
    [`OggS${'\0'.repeat(24)}\x7fFLAC`, 'audio/ogg; codecs=flac'],
    [`OggS${'\0'.repeat(24)}Speex   `, 'audio/speex'],
    [`OggS${'\0'.repeat(24)}OpusHead`, 'audio/ogg'],
    ['\xff\xfd\x90\x64', 'audio/mp2'],
    ['\xff\xf5\xe8\xc4', 'audio/mp2'],
    ['caff\0\x01', 'audio/x-caf'],
    ['.snd\0\0\0\x20', 'audio/basic'],
    ['MThd', 'audio/midi'],
    ['\x0bw\x02\x68', 'audio/ac3'],
    ['\0\0\0\x0cjP  \r\n\x87\n', 'image/jp2'],
    ['\xff\x4f\xff\x51', 'image/jp2'],
    ['qoif', 'image/qoi'],
    ['P6\n640 360\n255\n', 'image/x-portable-anymap'],
  ])('knows %j', (head, mediaType) => {
    expect(sniffMedia(bytes(`${head}${'\0'.repeat(16)}`))?.mediaType).toBe(mediaType)
  })

  it.each(['', 'RIFF', 'RIFF\0\0\0\0CDDA', '<?xml version="1.0"?><html>', 'plain text', '%PD'])(
    'knows nothing of %j',
    head => {
      expect(sniffMedia(bytes(head))).toBeUndefined()
    },
  )

  it('looks only at its own bytes, not at those before them in the buffer', () => {
    const whole = Buffer.concat([bytes('GIF89a'), bytes('plain text and more of it')])
    expect(sniffMedia(whole.subarray(6))).toBeUndefined()
  })
})
