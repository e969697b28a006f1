import { describe, expect, test } from 'vitest'
import { decodeWav, readWavFacts } from '#services/media/decode-wav'
import { MediaError } from '#services/media/media-error'
import { wavChunk, wavFile, type WavShape } from '../../support/wav-file.ts'

const samples = [0, 0.5, -0.5, 1, -1, 0.25]
const mono: WavShape = { sampleRate: 8000, channels: 1, bits: 16 }

describe('decodeWav()', () => {
  test.each<[WavShape, number]>([
    [{ ...mono, bits: 8 }, 0.01],
    [{ ...mono, bits: 16 }, 1e-4],
    [{ ...mono, bits: 24 }, 1e-6],
    [{ ...mono, bits: 32 }, 1e-6],
    [{ ...mono, bits: 32, encoding: 'float' }, 1e-7],
    [{ ...mono, bits: 64, encoding: 'float' }, 1e-7],
    [{ ...mono, bits: 24, mask: 4 }, 1e-6],
    [{ ...mono, bits: 20 }, 1e-6],
    [{ ...mono, bits: 24, sampleBytes: 4 }, 1e-6],
    [{ ...mono, bits: 8, encoding: 'a-law' }, 0.03],
    [{ ...mono, bits: 8, encoding: 'u-law' }, 0.03],
    [{ ...mono, bits: 8, encoding: 'u-law', mask: 4 }, 0.03],
    [{ ...mono, bits: 16, outer: 'RF64' }, 1e-4],
    [{ ...mono, bits: 16, outer: 'BW64' }, 1e-4],
  ])('reads %o', (shape, tolerance) => {
    const sound = decodeWav(wavFile(samples, shape), 10)
    expect(sound.sampleRate).toBe(8000)
    expect(sound.samples).toHaveLength(samples.length)
    for (const [index, sample] of samples.entries())
      expect(Math.abs(sound.samples[index]! - sample)).toBeLessThan(tolerance)
  })

  test('mixes stereo to one channel', () => {
    const sound = decodeWav(wavFile([0.5, -0.5, 0.25, 0.75], { ...mono, channels: 2, bits: 32, encoding: 'float' }), 10)
    expect([...sound.samples]).toEqual([0, 0.5])
  })

  test('passes over chunks it does not know', () => {
    const wav = Buffer.from(wavFile(samples, mono))
    const note = Buffer.from('LIST\x03\x00\x00\x00abc\x00', 'latin1')
    const sound = decodeWav(new Uint8Array(Buffer.concat([wav.subarray(0, 12), note, wav.subarray(12)])), 10)
    expect(sound.samples).toHaveLength(samples.length)
  })

  test('takes silence for numbers that are none', () => {
    const sound = decodeWav(
      wavFile([Number.NaN, Number.POSITIVE_INFINITY, 0.5], { ...mono, bits: 32, encoding: 'float' }),
      10,
    )
    expect([...sound.samples]).toEqual([0, 0, 0.5])
  })

  const whole = wavFile(samples, mono)
  const altered = (at: number, bytes: readonly number[]): Uint8Array => {
    const copy = Uint8Array.from(whole)
    copy.set(bytes, at)
    return copy
  }
  test.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), 'not a WAV file'],
    ['text', new TextEncoder().encode('this is a text, not a sound'), 'not a WAV file'],
    ['an MP3', Uint8Array.from([0x49, 0x44, 0x33, ...new Uint8Array(20)]), 'MP3'],
    ['an Ogg', new TextEncoder().encode('OggS................'), 'Ogg'],
    ['a FLAC', new TextEncoder().encode('fLaC................'), 'FLAC'],
    ['a file cut in its data', whole.subarray(0, whole.length - 4), 'cut short'],
    ['a file cut in its header', whole.subarray(0, 30), 'cut short'],
    ['a file without data', whole.subarray(0, 36), 'cut short'],
    ['no samples', wavFile([], mono), 'no samples'],
    ['ADPCM', altered(20, [2, 0]), 'Microsoft ADPCM'],
    ['an encoding without a name', altered(20, [9, 9]), 'encoding 2313'],
    ['A-law of 16 bits', altered(20, [6, 0]), 'a-law with 16 bits'],
    ['a big-endian file', new TextEncoder().encode('RIFX....WAVEfmt ....'), 'RIFX'],
    ['no channels', altered(22, [0, 0]), '0 channels'],
    ['a senseless rate', altered(24, [1, 0, 0, 0]), 'sample rate'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => decodeWav(bytes, 10)).toThrow(MediaError)
    expect(() => decodeWav(bytes, 10)).toThrow(message)
  })

  test('refuses audio over the limit before it is decoded', () => {
    expect(() => decodeWav(wavFile(new Float32Array(8001), mono), 1)).toThrow('longer than 1 s')
  })
})

const content = Float32Array.from({ length: 801 }, (_, index) => Math.sin(index / 5) / 2)
const framesOf = (bytes: Uint8Array): number => readWavFacts(bytes).frames

describe('lengths of a WAV file', () => {
  // 0x7fffeffa is what SoX leaves for six channels of three bytes.
  test.each([
    0, 0x7f00_0000, 0x7fff_effa, 0x7fff_f000, 0x7fff_ffdb, 0x7fff_ffff, 0x8000_0000, 0xffff_ffdc, 0xffff_ffff,
  ])('that a writer to a pipe left as %i mean "until the end"', dataBytes => {
    for (const riffBytes of [0, 36, 0x7fff_f024, 0xffff_ffff]) {
      expect(framesOf(wavFile(content, { ...mono, dataBytes, riffBytes }))).toBe(801)
    }
  })

  test.each([[1602 + 44], [1602 + 36]])('that the file as a whole contradicts are not believed: %i', dataBytes => {
    expect(framesOf(wavFile(content, { ...mono, dataBytes }))).toBe(801)
  })

  test.each([
    ['the data of which', 1602, 1602 + 36],
    ['which by a pipe', 5000, 0xffff_ffff],
  ])('are believed of a file that was cut short: %s', (_, dataBytes, riffBytes) => {
    const file = wavFile(content, { ...mono, dataBytes, riffBytes })
    expect(() => readWavFacts(file.subarray(0, file.length - 300))).toThrow('cut short')
  })

  test('of 0 are true of a file without sound', () => {
    expect(() => readWavFacts(wavFile([], mono))).toThrow('no samples')
    const noted = Buffer.concat([wavFile([], { ...mono, riffBytes: 0 }), wavChunk('LIST', Buffer.from('INFO'))])
    expect(() => readWavFacts(new Uint8Array(noted))).toThrow('no samples')
  })

  test('leave out what is behind the data and what is no whole frame', () => {
    const stereo = { ...mono, channels: 2 }
    expect(framesOf(wavFile(content, { ...stereo, dataBytes: 0xffff_ffff, riffBytes: 0xffff_ffff }))).toBe(400)
    const noted = Buffer.concat([wavFile(content, mono), wavChunk('LIST', Buffer.from('INFO'))])
    expect(framesOf(new Uint8Array(noted))).toBe(801)
  })

  const wide = (dataBytes: bigint): Uint8Array => {
    const sizes = Buffer.alloc(28)
    sizes.writeBigUInt64LE(dataBytes, 8)
    return wavChunk('ds64', sizes)
  }
  test.each([1602n, 0n, 0xffff_ffffn, 0xffff_ffff_ffff_ffffn])(
    'of RF64 stand in a chunk of their own: %i',
    dataBytes => {
      const bytes = wavFile(content, {
        ...mono,
        outer: 'RF64',
        before: wide(dataBytes),
        dataBytes: 0xffff_ffff,
        riffBytes: 0xffff_ffff,
      })
      expect(framesOf(bytes)).toBe(801)
    },
  )

  test('of RF64 tell what is missing', () => {
    const bytes = wavFile(content, {
      ...mono,
      outer: 'BW64',
      before: wide(90_000n),
      dataBytes: 0xffff_ffff,
      riffBytes: 0xffff_ffff,
    })
    expect(() => readWavFacts(bytes)).toThrow('cut short')
  })

  test.each([
    ['LIST', 26, 26],
    ['bext', 603, 604],
    ['bext, unpadded', 603, 603],
    ['fact', 4, 4],
  ])('of chunks before the data: %s', (tag, size, written) => {
    const before = wavChunk(tag.slice(0, 4), new Uint8Array(written).fill(1), size)
    expect(framesOf(wavFile(content, { ...mono, before }))).toBe(801)
  })
})

describe('channels of a WAV file', () => {
  const mixOf = (frame: readonly number[], mask?: number): number =>
    decodeWav(
      wavFile([...frame, ...frame], {
        ...mono,
        channels: frame.length,
        bits: 32,
        encoding: 'float',
        ...(mask !== undefined && { mask }),
      }),
      10,
    ).samples[1]!

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 16])('of any number that say the same are that: %i', channels => {
    const frame = Array.from({ length: channels }, () => 0.5)
    expect(mixOf(frame)).toBeCloseTo(0.5, 6)
    expect(mixOf(frame, 0)).toBeCloseTo(0.5, 6)
  })

  test('are weighted by their speakers: the centre most, low frequencies not at all', () => {
    const only = (at: number) => Array.from({ length: 6 }, (_, channel) => (channel === at ? 0.5 : 0))
    const [left, right, centre, low, side] = [0, 1, 2, 3, 4].map(at => mixOf(only(at), 0x3f))
    expect(centre! / left!).toBeCloseTo(Math.SQRT2, 5)
    expect(left).toBe(right)
    expect(left! / side!).toBeCloseTo(Math.SQRT2, 5)
    expect(low).toBe(0)
    expect(mixOf(only(3))).toBe(0)
  })

  test('follow the mask where it is another than usual', () => {
    // Front left, front right, low frequencies.
    expect(mixOf([0.5, 0.5, -1], 0xb)).toBeCloseTo(0.5, 6)
    // A mask of fewer speakers than channels says nothing.
    expect(mixOf([0.5, 0.5], 0x4)).toBeCloseTo(0.5, 6)
  })

  test('of opposite sign do not cancel each other', () => {
    expect(Math.abs(mixOf([0.5, -0.5]))).toBeCloseTo(0.5, 6)
    expect(mixOf([0.5, 0])).toBeCloseTo(0.25, 6)
  })
})
