import { describe, expect, test } from 'vitest'
import { decodeWav } from '#services/media/decode-wav'
import { MediaError } from '#services/media/media-error'
import { wavFile, type WavShape } from '../support/wav-file.ts'

const samples = [0, 0.5, -0.5, 1, -1, 0.25]
const mono: WavShape = { sampleRate: 8000, channels: 1, bits: 16 }

describe('decodeWav()', () => {
  test.each<[WavShape, number]>([
    [{ ...mono, bits: 8 }, 0.01],
    [{ ...mono, bits: 16 }, 1e-4],
    [{ ...mono, bits: 24 }, 1e-6],
    [{ ...mono, bits: 32 }, 1e-6],
    [{ ...mono, bits: 32, float: true }, 1e-7],
    [{ ...mono, bits: 64, float: true }, 1e-7],
    [{ ...mono, bits: 24, extensible: true }, 1e-6],
  ])('reads %o', (shape, tolerance) => {
    const sound = decodeWav(wavFile(samples, shape), 10)
    expect(sound.sampleRate).toBe(8000)
    expect(sound.samples).toHaveLength(samples.length)
    for (const [index, sample] of samples.entries())
      expect(Math.abs(sound.samples[index]! - sample)).toBeLessThan(tolerance)
  })

  test('mixes stereo to one channel', () => {
    const sound = decodeWav(wavFile([0.5, -0.5, 0.25, 0.75], { ...mono, channels: 2, bits: 32, float: true }), 10)
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
      wavFile([Number.NaN, Number.POSITIVE_INFINITY, 0.5], { ...mono, bits: 32, float: true }),
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
    ['A-law', altered(20, [6, 0]), 'encoding 6'],
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
