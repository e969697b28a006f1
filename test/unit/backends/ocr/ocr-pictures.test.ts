import { crc32 } from 'node:zlib'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { layOnGround } from '#services/media/lay-on-ground'
import { detectorFactor, detectorInputs } from '#services/backends/ocr/detect/detector-input'
import { findTexture } from '#services/backends/ocr/detect/find-texture'
import { cornersOf } from '#services/backends/ocr/detect/minimal-rectangle'
import { partNeighbours } from '#services/backends/ocr/detect/part-neighbours'
import { turnOver } from '#services/backends/ocr/detect/text-boxes'
import { openPages, type Picture } from '#services/media/open-pages'
import { cutLine, roomBeside, widened } from '#services/backends/ocr/recognise/cut-line'
import { stepPixels } from '#services/backends/ocr/recognise/ctc'
import { splitStrip } from '#services/backends/ocr/recognise/split-strip'
import { measureInk } from '#services/backends/ocr/recognise/strip-ink'
import { turnPicture } from '#services/backends/ocr/turn-picture'

/** A picture whose pixels tell where they are: red is the column, green the row. */
const chart = (width: number, height: number): Picture => ({
  data: Uint8Array.from({ length: width * height * 3 }, (_, at) => {
    const pixel = Math.floor(at / 3)
    return [pixel % width, Math.floor(pixel / width), 7][at % 3]!
  }),
  width,
  height,
})
const at = ({ data, width }: Picture, x: number, y: number): number[] => [
  ...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 2),
]

describe('layOnGround()', () => {
  const pixels = (...greys: readonly (readonly [number, number])[]): Uint8Array =>
    Uint8Array.from(greys.flatMap(([grey, alpha]) => [grey, grey, grey, alpha]))
  const clear = [9, 0] as const

  test.each<[string, readonly (readonly [number, number])[], number]>([
    ['dark writing on white', [[20, 255], clear], 255],
    ['light writing on black', [[240, 255], clear], 0],
    ['middle grey on white', [[128, 255], clear], 255],
    ['dark and light writing on grey', [[10, 255], [250, 255], clear], 128],
    ['light writing with a dark shadow on black', [[250, 255], [0, 60], clear], 0],
    ['nothing on white', [clear], 255],
  ])('lays %s', (_, content, ground) => {
    expect(layOnGround(pixels(...content)).at(-1)).toBe(ground)
  })

  test('mixes what is half clear', () => {
    expect([...layOnGround(pixels([0, 255], [0, 51]))]).toEqual([0, 0, 0, 204, 204, 204])
  })
})

describe('openPages()', () => {
  const page = (grey: number) =>
    sharp({ create: { width: 32, height: 16, channels: 3, background: { r: grey, g: grey, b: grey } } })
  const raw = async (greys: readonly number[]) => {
    const pages = await Promise.all(greys.map(grey => page(grey).raw().toBuffer()))
    return sharp(Buffer.concat(pages), {
      raw: { width: 32, height: 16 * greys.length, channels: 3, pageHeight: 16 },
    })
  }

  test.each(['tiff', 'gif', 'webp'] as const)('opens every page of a %s', async format => {
    const bytes = await (await raw([10, 120, 240]))[format]({ ...(format === 'webp' && { lossless: true }) }).toBuffer()
    const pages = await openPages(bytes, 1)
    expect([pages.count, pages.animated]).toEqual([3, format !== 'tiff'])
    const greys = await Promise.all([0, 1, 2].map(async index => (await pages.load(index)).data[0]!))
    for (const [index, grey] of [10, 120, 240].entries()) expect(Math.abs(greys[index]! - grey)).toBeLessThan(4)
  })

  test.each([
    ['of which the picture for others is one', true, 3],
    ['beside a picture for others', false, 4],
  ])('counts the frames of an animated PNG %s, of which it reads the first', async (_which, isFrame, count) => {
    const png = await page(10).png().toBuffer()
    const chunk = (type: string, data: Buffer): Buffer => {
      const head = Buffer.alloc(8)
      head.writeUInt32BE(data.length)
      head.write(type, 4, 'latin1')
      const checksum = Buffer.alloc(4)
      checksum.writeUInt32BE(crc32(Buffer.concat([head.subarray(4), data])))
      return Buffer.concat([head, data, checksum])
    }
    const control = Buffer.alloc(26)
    control.writeUInt32BE(32, 4)
    control.writeUInt32BE(16, 8)
    // The header of a PNG and its chunk take 33 bytes.
    const parts = [png.subarray(0, 33), chunk('acTL', Buffer.from([0, 0, 0, 3, 0, 0, 0, 0]))]
    if (isFrame) parts.push(chunk('fcTL', control))
    const pages = await openPages(Buffer.concat([...parts, png.subarray(33)]), 1)
    expect([pages.count, pages.readable]).toEqual([count, 1])
    expect((await pages.load(0)).data[0]).toBe(10)
  })

  test.each([1, 2, 3, 4] as const)('gives three channels of pictures of %i', async channels => {
    const made = sharp(Buffer.alloc(32 * 16 * channels, 255), { raw: { width: 32, height: 16, channels } })
    const { data, width, height } = await (await openPages(await made.png().toBuffer(), 1)).load(0)
    expect([data.length, width, height]).toEqual([32 * 16 * 3, 32, 16])
    expect(data.every(value => value === 255)).toBe(true)
  })
})

describe('detectorFactor()', () => {
  const fast = { longestSide: 736, enlarge: 1 }
  test.each<[string, number, number, number]>([
    ['a page as a whole', 2480, 3508, 736 / 3508],
    ['a small picture at its size', 640, 120, 1],
    ['a wide strip at its size', 3290, 100, 1],
    ['a thin strip enlarged', 1600, 32, 2],
    ['a tall page by its breadth', 700, 28_000, 736 / 1050],
  ])('sees %s', (_, width, height, factor) => {
    expect(detectorFactor({ width, height }, fast)).toBeCloseTo(factor, 5)
  })
})

describe('detectorInputs()', () => {
  test.each([
    [300, 40],
    [40, 300],
    [9000, 640],
    [640, 9000],
  ])('covers %i by %i pixels without a gap', (width, height) => {
    let covered = 0
    for (const encode of detectorInputs({ data: new Uint8Array(width * height * 3), width, height })) {
      const { core, coreAt, values, ...input } = encode()
      expect([input.width % 32, input.height % 32]).toEqual([0, 0])
      expect(values).toHaveLength(3 * input.width * input.height)
      expect(coreAt.x + core.width).toBeLessThanOrEqual(input.width)
      expect(coreAt.y + core.height).toBeLessThanOrEqual(input.height)
      covered += core.width * core.height
    }
    expect(covered).toBe(width * height)
  })
})

describe('turnPicture()', () => {
  const picture = chart(20, 10)
  test.each([
    [1, 10, 20, 9 - 3, 5],
    [2, 20, 10, 19 - 5, 9 - 3],
    [3, 10, 20, 3, 19 - 5],
  ] as const)('by %i quarters', (turns, width, height, x, y) => {
    const turned = turnPicture(picture, turns)
    expect([turned.width, turned.height]).toEqual([width, height])
    expect(at(turned, x, y)).toEqual([5, 3])
  })

  test('turns boxes with it', () => {
    const corners = cornersOf({ centre: { x: 5, y: 3 }, width: 4, height: 2, angle: 0 })
    const [box] = turnOver([{ corners, score: 1 }], picture)
    expect(box!.corners).toEqual(cornersOf({ centre: { x: 15, y: 7 }, width: 4, height: 2, angle: 0 }))
  })
})

describe('splitStrip()', () => {
  test.each([300, 1280, 1281, 3840, 7001])('covers a strip of %i pixels by pieces that overlap', width => {
    const pieces = splitStrip(chart(width, 4))
    expect(pieces[0]!.from).toBe(0)
    expect(pieces.at(-1)!.from + pieces.at(-1)!.strip.width).toBe(width)
    for (const piece of pieces) {
      expect(piece.from % stepPixels).toBe(0)
      expect(piece.strip.width).toBeLessThanOrEqual(1288)
      expect(at(piece.strip, 0, 2)).toEqual([piece.from % 256, 2])
    }
    const shared = pieces.slice(1).map((piece, index) => pieces[index]!.from + pieces[index]!.strip.width - piece.from)
    expect(Math.min(Infinity, ...shared)).toBeGreaterThanOrEqual(180)
  })
})

describe('findTexture()', () => {
  const striped = (from: number, to: number): Picture => {
    const picture = { data: new Uint8Array(320 * 160 * 3).fill(255), width: 320, height: 160 }
    for (let y = 40; y < 60; y++)
      for (let x = from; x < to; x++) if (x % 6 < 3) picture.data.fill(20, (y * 320 + x) * 3, (y * 320 + x) * 3 + 3)
    return picture
  }

  test('finds strokes side by side, and none on even ground', () => {
    expect(findTexture(striped(32, 160), []).blocks).toBeGreaterThan(7)
    expect(findTexture(striped(0, 0), [])).toMatchObject({ blocks: 0, uncoveredRatio: 0 })
  })

  test('tells where they are', () => {
    expect(findTexture(striped(32, 160), []).area).toEqual({ x: 32, y: 32, width: 128, height: 32 })
  })

  test('tells how much of them no line covers', () => {
    const line = cornersOf({ centre: { x: 80, y: 50 }, width: 96, height: 60, angle: 0 })
    expect(findTexture(striped(32, 128), [line]).uncoveredRatio).toBe(0)
    expect(findTexture(striped(32, 224), [line]).uncoveredRatio).toBeCloseTo(0.5, 1)
  })
})

describe('partNeighbours()', () => {
  const box = (left: number, right: number, y = 20) => ({
    corners: cornersOf({ centre: { x: (left + right) / 2, y }, width: right - left, height: 20, angle: 0 }),
    score: 1,
  })

  test('parts boxes of a row in the middle of what they share', () => {
    expect(partNeighbours([box(90, 200), box(0, 100)])).toEqual([box(95, 200), box(0, 95)])
  })

  test('leaves other rows and what lies within a box alone', () => {
    const boxes = [box(0, 100), box(90, 200, 45), box(40, 60)]
    expect(partNeighbours(boxes)).toEqual(boxes)
  })
})

describe('widened()', () => {
  test('gives room at both ends of a line, along it', () => {
    const line = cornersOf({ centre: { x: 50, y: 50 }, width: 40, height: 10, angle: 0.2 })
    const wide = cornersOf({ centre: { x: 50, y: 50 }, width: 50, height: 10, angle: 0.2 })
    for (const [index, corner] of widened(line, { before: 0.5, after: 0.5 }).entries()) {
      expect(corner.x).toBeCloseTo(wide[index]!.x, 5)
      expect(corner.y).toBeCloseTo(wide[index]!.y, 5)
    }
  })
})

describe('roomBeside()', () => {
  const box = (left: number, right: number, y = 50, angle = 0) =>
    cornersOf({ centre: { x: (left + right) / 2, y }, width: right - left, height: 20, angle })

  test.each<[string, readonly ReturnType<typeof box>[], { before: number; after: number }]>([
    ['alone', [], { before: 1.3, after: 1.3 }],
    ['beside a neighbour', [box(40, 90), box(215, 260)], { before: 0.5, after: 0.75 }],
    ['between lines above and below', [box(0, 300, 26), box(0, 300, 74)], { before: 1.3, after: 1.3 }],
    ['where boxes overlap', [box(60, 104)], { before: 0, after: 1.3 }],
  ])('of a line %s', (_, others, room) => {
    const line = box(100, 200)
    const found = roomBeside(line, [line, ...others], 1.3)
    expect(found.before).toBeCloseTo(room.before, 5)
    expect(found.after).toBeCloseTo(room.after, 5)
  })
})

describe('cutLine()', () => {
  test('draws a line out', () => {
    const corners = cornersOf({ centre: { x: 50, y: 24 }, width: 80, height: 24, angle: 0 })
    const [plain, wide] = [cutLine(chart(100, 48), corners), cutLine(chart(100, 48), corners, 1.5)]
    expect([plain.width, plain.height, wide.width, wide.height]).toEqual([160, 48, 240, 48])
    for (const share of [0.25, 0.5, 0.75])
      expect(Math.abs(at(plain, 160 * share, 20)[0]! - at(wide, 240 * share, 20)[0]!)).toBeLessThan(2)
  })
})

describe('measureInk()', () => {
  test('measures the writing, and the ground between columns', () => {
    const strip = { data: new Uint8Array(100 * 48 * 3).fill(240), width: 100, height: 48, stretch: 2 }
    for (const [from, to] of [
      [10, 20],
      [30, 40],
      [70, 80],
    ] as const)
      for (let y = 14; y < 34; y++) strip.data.fill(10, (y * 100 + from) * 3, (y * 100 + to) * 3)
    const ink = measureInk(strip)
    expect(ink).toMatchObject({ height: 20, unit: 40, extent: { from: 10, to: 80 }, grounds: [10, 30] })
    expect(ink.widestGap(15, 35)).toEqual({ from: 20, to: 30 })
    expect(ink.widestGap(15, 75)).toEqual({ from: 40, to: 70 })
    expect(ink.widestGap(12, 18)).toEqual({ from: 15, to: 15 })
  })
})
