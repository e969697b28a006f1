import { describe, expect, test } from 'vitest'
import { createFourier } from '#services/backends/whisper/fourier'
import { createLogMel, windowSamples } from '#services/backends/whisper/log-mel'
import { splitWindows } from '#services/backends/whisper/split-windows'

describe('createFourier()', () => {
  test.each([1, 2, 15, 16, 400])('agrees with the sum by definition at length %i', length => {
    const signal = Array.from({ length }, (_, n) => Math.sin(n * n) + 0.3)
    const real = Float64Array.from(signal)
    const imaginary = new Float64Array(length)
    createFourier(length).transform(real, imaginary)
    for (let k = 0; k < length; k++) {
      const angle = (n: number): number => (2 * Math.PI * k * n) / length
      expect(real[k]).toBeCloseTo(
        signal.reduce((sum, value, n) => sum + value * Math.cos(angle(n)), 0),
        8,
      )
      expect(imaginary[k]).toBeCloseTo(
        signal.reduce((sum, value, n) => sum - value * Math.sin(angle(n)), 0),
        8,
      )
    }
  })
})

describe('createLogMel()', () => {
  const logMel = createLogMel(80)

  test('shows a tone in the mel bin of its pitch and silence after its end', () => {
    const tone = Float32Array.from({ length: 16_000 }, (_, n) => 0.5 * Math.sin((2 * Math.PI * 1000 * n) / 16_000))
    const mel = logMel.encode(tone)
    expect(mel).toHaveLength(80 * 3000)
    const column = (frame: number): number[] => Array.from({ length: 80 }, (_, bin) => mel[bin * 3000 + frame]!)
    const loudest = column(50).indexOf(Math.max(...column(50)))
    // 1 kHz is 15 on Slaney's scale, 8 kHz is 45.25; bin b is centred on (b + 1) / 81 of that.
    expect(loudest).toBe(Math.round((15 / 45.25) * 81) - 1)
    expect(Math.max(...column(50))).toBeGreaterThan(Math.max(...column(2000)) + 1)
    const sorted = mel.toSorted()
    expect(sorted[0]).toBeCloseTo(sorted.at(-1)! - 2, 5)
  })

  test('gives finite numbers for silence', () => {
    expect(logMel.encode(new Float32Array(100)).every(value => Number.isFinite(value))).toBe(true)
  })
})

describe('splitWindows()', () => {
  test('leaves short sound whole', () => {
    expect(splitWindows(new Float32Array(windowSamples))).toHaveLength(1)
  })

  test('cuts long sound in its pauses and loses no sample', () => {
    const sound = new Float32Array(70 * 16_000).fill(0.4)
    const pauses = [24, 50]
    for (const second of pauses) sound.fill(0, second * 16_000, (second + 0.5) * 16_000)
    const windows = splitWindows(sound)
    expect(windows.map(window => window.length).reduce((sum, length) => sum + length, 0)).toBe(sound.length)
    expect(windows.every(window => window.length <= windowSamples)).toBe(true)
    const cuts = [windows[0]!.length, windows[0]!.length + windows[1]!.length].map(samples => samples / 16_000)
    for (const [index, cut] of cuts.entries()) {
      expect(cut).toBeGreaterThanOrEqual(pauses[index]!)
      expect(cut).toBeLessThanOrEqual(pauses[index]! + 0.5)
    }
  })
})
