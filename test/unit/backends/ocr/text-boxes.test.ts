import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cutLine, lineHeight, upsideDown } from '#services/backends/ocr/recognise/cut-line'
import type { Picture } from '#services/media/open-pages'
import { stretchContrast } from '#services/backends/ocr/stretch-contrast'
import { findComponents } from '#services/backends/ocr/detect/components'
import { mergeBoxes } from '#services/backends/ocr/detect/merge-boxes'
import {
  cornersOf,
  minimalRectangle,
  type Point,
  type Rectangle,
} from '#services/backends/ocr/detect/minimal-rectangle'
import { findTextBoxes, type TextMap } from '#services/backends/ocr/detect/text-boxes'

/** A map with filled rectangles of one value. */
function mapOf(width: number, height: number, shapes: readonly Rectangle[], value = 0.9): TextMap {
  const values = new Float32Array(width * height)
  for (const { centre, angle, ...size } of shapes) {
    for (let at = 0; at < values.length; at++) {
      const [dx, dy] = [(at % width) + 0.5 - centre.x, Math.floor(at / width) + 0.5 - centre.y]
      const along = dx * Math.cos(angle) + dy * Math.sin(angle)
      const across = dy * Math.cos(angle) - dx * Math.sin(angle)
      if (Math.abs(along) <= size.width / 2 && Math.abs(across) <= size.height / 2) values[at] = value
    }
  }
  return { values, width, height }
}

const sideLengths = ([a, b, c]: readonly Point[]): [number, number] => [
  Math.hypot(b!.x - a!.x, b!.y - a!.y),
  Math.hypot(c!.x - b!.x, c!.y - b!.y),
]

describe('minimalRectangle()', () => {
  test('finds any rectangle by its corners', () => {
    fc.assert(
      fc.property(
        fc.record({
          x: fc.integer({ min: -500, max: 500 }),
          y: fc.integer({ min: -500, max: 500 }),
          width: fc.integer({ min: 20, max: 400 }),
          height: fc.integer({ min: 2, max: 15 }),
          angle: fc.double({ min: -0.78, max: 0.78, noNaN: true }),
        }),
        ({ x, y, width, height, angle }) => {
          const found = minimalRectangle(cornersOf({ centre: { x, y }, width, height, angle }))
          expect(found.centre.x).toBeCloseTo(x, 5)
          expect(found.centre.y).toBeCloseTo(y, 5)
          expect(found.width).toBeCloseTo(width, 5)
          expect(found.height).toBeCloseTo(height, 5)
          expect(found.angle).toBeCloseTo(angle, 5)
        },
      ),
    )
  })

  test.each([
    [[]],
    [[{ x: 3, y: 4 }]],
    [
      [
        { x: 0, y: 0 },
        { x: 10, y: 0 },
      ],
    ],
  ])('gives a flat rectangle for %o', points => {
    expect(minimalRectangle(points).height).toBe(0)
  })
})

describe('findComponents()', () => {
  test('joins pixels that touch at a corner and parts those that do not', () => {
    const map = Float32Array.from([1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1])
    expect(findComponents(map, 4, 3, 0.5).map(component => component.pixels)).toEqual([2, 2])
  })
})

describe('findTextBoxes()', () => {
  const level: Rectangle = { centre: { x: 100, y: 40 }, width: 120, height: 10, angle: 0 }

  test('widens a core by its area and perimeter and scales it to the picture', () => {
    const [box, ...rest] = findTextBoxes(mapOf(200, 100, [level]), { width: 400, height: 100 })
    expect(rest).toEqual([])
    const distance = (120 * 10 * 1.8) / (2 * (120 + 10))
    const [width, height] = sideLengths(box!.corners)
    expect(width).toBeCloseTo(2 * (120 + 2 * distance), 3)
    expect(height).toBeCloseTo(10 + 2 * distance, 3)
    expect(box!.score).toBeCloseTo(0.9, 5)
  })

  test('finds a turned line with its angle', () => {
    const [box] = findTextBoxes(mapOf(200, 200, [{ ...level, centre: { x: 100, y: 100 }, angle: 0.35 }]), {
      width: 200,
      height: 200,
    })
    const [topLeft, topRight] = box!.corners
    expect(Math.atan2(topRight.y - topLeft.y, topRight.x - topLeft.x)).toBeCloseTo(0.35, 1)
  })

  test('passes over specks and over what is hardly text', () => {
    const speck: Rectangle = { centre: { x: 20, y: 80 }, width: 2, height: 2, angle: 0 }
    expect(findTextBoxes(mapOf(200, 100, [speck]), { width: 200, height: 100 })).toEqual([])
    expect(findTextBoxes(mapOf(200, 100, [level], 0.5), { width: 200, height: 100 })).toEqual([])
  })
})

const box = (x: number) => ({
  corners: cornersOf({ centre: { x, y: 10 }, width: 40, height: 10, angle: 0 }),
  score: 0.9,
})

describe('mergeBoxes()', () => {
  test('takes of a later pass only what is new', () => {
    expect(
      mergeBoxes([
        [box(20), box(100)],
        [box(22), box(200)],
      ]),
    ).toEqual([box(20), box(100), box(200)])
  })
})

const pixelAt = (strip: Picture, x: number, y: number): number[] => [
  ...strip.data.subarray((y * strip.width + x) * 3, (y * strip.width + x) * 3 + 2),
]

describe('cutLine()', () => {
  const width = 60
  const height = 60
  /** Red grows to the right, green downwards. */
  const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => {
    const pixel = Math.floor(at / 3)
    return [(pixel % width) * 4, Math.floor(pixel / width) * 4, 0][at % 3]!
  })
  const picture = { data, width, height }

  test('gives a strip of the recogniser’s height at the line’s proportions', () => {
    const strip = cutLine(picture, cornersOf({ centre: { x: 30, y: 30 }, width: 40, height: 20, angle: 0 }))
    expect([strip.width, strip.height]).toEqual([96, lineHeight])
    const [left, right] = [pixelAt(strip, 0, 24), pixelAt(strip, 95, 24)]
    expect(right[0]! - left[0]!).toBeGreaterThan(4 * 38)
    expect(Math.abs(right[1]! - left[1]!)).toBeLessThanOrEqual(1)
  })

  test('turns text that stands on its side: its top is at the left', () => {
    const strip = cutLine(picture, cornersOf({ centre: { x: 30, y: 30 }, width: 16, height: 48, angle: 0 }))
    expect(strip.width).toBe(144)
    // Read downwards to the right or upwards, never mirrored: along the strip green changes, red does not.
    expect(Math.abs(pixelAt(strip, 0, 24)[1]! - pixelAt(strip, 143, 24)[1]!)).toBeGreaterThan(4 * 44)
    expect(Math.abs(pixelAt(strip, 0, 24)[0]! - pixelAt(strip, 143, 24)[0]!)).toBeLessThanOrEqual(1)
  })

  test('stays inside the picture for boxes over its edge', () => {
    const strip = cutLine(picture, cornersOf({ centre: { x: 0, y: 0 }, width: 40, height: 20, angle: 0.3 }))
    expect(strip.data.every(value => value <= 59 * 4)).toBe(true)
  })

  test('upsideDown() twice is the strip itself', () => {
    const strip = cutLine(picture, cornersOf({ centre: { x: 30, y: 30 }, width: 40, height: 20, angle: 0.2 }))
    expect(upsideDown(upsideDown(strip)).data).toEqual(strip.data)
    expect(upsideDown(strip).data).not.toEqual(strip.data)
  })
})

const twoTone = (ground: number, ink: number): Picture => ({
  data: Uint8Array.from({ length: 300 }, (_, at) => (Math.floor(at / 3) % 5 === 0 ? ink : ground)),
  width: 20,
  height: 5,
})

describe('stretchContrast()', () => {
  test('spreads faint writing to black on white', () => {
    expect(new Set(stretchContrast(twoTone(160, 140)).data)).toEqual(new Set([0, 255]))
    expect(stretchContrast(twoTone(160, 140)).data[0]).toBe(0)
  })

  test('makes light writing on dark ground dark on light', () => {
    expect(stretchContrast(twoTone(20, 220)).data[0]).toBe(0)
  })

  test('leaves an even strip alone', () => {
    const even = twoTone(100, 103)
    expect(stretchContrast(even)).toBe(even)
  })
})
