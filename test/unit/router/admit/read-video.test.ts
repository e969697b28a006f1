import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checkMedia } from '#services/router/admit/check-media'
import { describeHeader } from '#services/router/assess/describe-header'
import { MediaError } from '#services/media/media-error'
import { readVideoFacts } from '#services/router/admit/media/read-video'
import { describeVideo } from '#services/decision/features/describe-video'

/**
 * Two seconds of FFmpeg's test pattern, 96 × 64 at 10 frames a second with a key frame every 5; what is expected is
 * what ffprobe counts.
 */
const fixture = (name: string): Buffer => readFileSync(new URL(`../../../fixtures/video/${name}`, import.meta.url))
const typeOf = (name: string): string => (name.endsWith('mp4') ? 'video/mp4' : 'video/webm')

describe('readVideoFacts()', () => {
  it.each([
    { name: 'pattern.mp4', durationMs: 2000, keyFrames: 4, audioTracks: 1 },
    { name: 'fragments.mp4', durationMs: undefined, keyFrames: undefined, audioTracks: 0 },
    { name: 'pattern.webm', durationMs: 2008, keyFrames: 4, audioTracks: 1 },
    { name: 'live.webm', durationMs: 2000, keyFrames: 4, audioTracks: 0 },
  ])('reads $name as its tool does', ({ name, durationMs, keyFrames, audioTracks }) => {
    const facts = readVideoFacts(fixture(name), typeOf(name))
    expect(facts).toMatchObject({ width: 96, height: 64, frames: 20, audioTracks })
    expect(facts.keyFrames).toBe(keyFrames)
    // Tools differ in the last digits.
    expect(facts.durationMs === undefined ? undefined : Math.round(facts.durationMs)).toBe(durationMs)
  })

  it('tells that a video is cut short or holds none', () => {
    // The encoder puts the index of this one at its end.
    expect(() => readVideoFacts(fixture('pattern.mp4').subarray(0, 2000), 'video/mp4')).toThrow(MediaError)
    expect(() => readVideoFacts(Buffer.from('\0\0\0\x10ftypisom\0\0\0\0'), 'video/mp4')).toThrow(/no index/u)
    expect(() => readVideoFacts(fixture('pattern.webm').subarray(0, 40), 'video/webm')).toThrow(/no video track/u)
  })

  it('ends on any bytes, with facts or with a fault of the medium', () => {
    const source = fc.constantFrom('pattern.mp4', 'fragments.mp4', 'pattern.webm', 'live.webm')
    const changes = fc.array(fc.tuple(fc.nat(9000), fc.nat(255)), { maxLength: 30 })
    fc.assert(
      fc.property(source, changes, fc.nat(10_000), (name, edits, length) => {
        const bytes = Buffer.from(fixture(name))
        for (const [at, value] of edits) bytes[at % bytes.length] = value
        const read = (): Readonly<Record<string, number>> | undefined => {
          try {
            return describeVideo({
              ...readVideoFacts(bytes.subarray(0, Math.max(1, length)), typeOf(name)),
              bytes: length,
            })
          } catch (error) {
            if (error instanceof MediaError) return undefined
            throw error
          }
        }
        expect(Object.values(read() ?? {}).every(Number.isFinite)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

describe('a video on its way in', () => {
  const limits = { imageMegapixels: 1, audioSeconds: 1 }

  it('has features out of its container, in [admission → assessment]', async () => {
    const bytes = fixture('pattern.mp4')
    const { mediaType, header } = await checkMedia({ kind: 'video', bytes }, 'content[0].video', limits)
    const described = describeHeader({ kind: 'video', bytes, mediaType, header })
    const features = described.kind === 'video' ? described.features : {}
    expect(features['log_seconds']).toBeCloseTo(Math.log1p(2))
    expect(features['log_frame_rate']).toBeCloseTo(Math.log1p(10))
    expect(features['key_frames_per_second']).toBeCloseTo(2)
    expect(features['has_audio']).toBe(1)
    expect(features['bits_per_pixel']).toBeCloseTo((bytes.length * 8) / (96 * 64 * 20))
    expect(Object.keys(features)).toHaveLength(10)
  })

  it('is refused by its field when its container is cut short', async () => {
    const bytes = fixture('pattern.mp4').subarray(0, 2000)
    await expect(checkMedia({ kind: 'video', bytes }, 'content[0].video', limits)).rejects.toMatchObject({
      code: 'InvalidRequest',
      details: { violations: [{ field: 'content[0].video.bytes' }] },
    })
  })
})
