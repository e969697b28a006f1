import { describe, expect, test } from 'vitest'
import { resample } from '#services/media/audio/resample'

function tone(hertz: number, sampleRate: number, seconds = 1): Float32Array {
  return Float32Array.from({ length: sampleRate * seconds }, (_, n) => Math.sin((2 * Math.PI * hertz * n) / sampleRate))
}

/** Root mean square of the middle, where the edges are not felt. */
function loudness(samples: Float32Array): number {
  const middle = samples.subarray(samples.length / 4, (samples.length * 3) / 4)
  return Math.sqrt(middle.reduce((sum, sample) => sum + sample * sample, 0) / middle.length)
}

describe('resample()', () => {
  test.each([8000, 11_025, 22_050, 44_100, 48_000])('keeps a tone of 1 kHz from %i Hz to 16 kHz', rate => {
    const output = resample({ samples: tone(1000, rate), sampleRate: rate }, 16_000)
    expect(output).toHaveLength(16_000)
    const wanted = tone(1000, 16_000)
    const error = output.map((sample, index) => sample - wanted[index]!)
    expect(loudness(error)).toBeLessThan(0.002)
  })

  test('lets nothing above the new Nyquist frequency fold back', () => {
    const output = resample({ samples: tone(11_000, 48_000), sampleRate: 48_000 }, 16_000)
    expect(loudness(output)).toBeLessThan(0.001)
  })

  test('gives sound at the wanted rate as it is', () => {
    const samples = tone(440, 16_000)
    expect(resample({ samples, sampleRate: 16_000 }, 16_000)).toBe(samples)
  })

  test('keeps a constant constant', () => {
    const output = resample({ samples: new Float32Array(44_100).fill(0.5), sampleRate: 44_100 }, 16_000)
    for (const sample of output.subarray(200, 1200)) expect(sample).toBeCloseTo(0.5, 5)
  })
})
