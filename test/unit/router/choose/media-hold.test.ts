import fc from 'fast-check'
import { expect, it } from 'vitest'
import { costOf } from '#services/contract/price'
import { readWavFacts } from '#services/media/decode-wav'
import { boundsOf, mostExpensiveLeg, sizesOf } from '#services/router/choose/worst-case-cost'
import type { CheckedPart } from '#services/router/request/states'
import { transcriptUsage } from '#services/backends/remote/whole-usage'
import { wavFile } from '../../../support/wav-file.ts'

const rung = { name: 'm', recipe: {}, model: { name: 'm', pool: 'p', tier: 't' } } as unknown as Parameters<
  typeof boundsOf
>[0]

/** What is held for a recording, by the header that the router has read. */
function holdOf(wav: Uint8Array, price: { readonly perAudioSecond: number }): number {
  const { durationMs } = readWavFacts(wav)
  const part = { kind: 'audio', header: { durationMs } } as unknown as CheckedPart
  return mostExpensiveLeg(boundsOf(rung, sizesOf([part], 'transcribe'), {}, 60_000), price)
}

it('holds as much as a recording is charged at, whatever its length and its price', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(8000, 11_025, 16_000, 22_050, 44_100, 48_000),
      fc.integer({ min: 1, max: 20_000 }),
      fc.double({ min: 0.001, max: 1e6, noNaN: true }),
      (sampleRate, frames, perAudioSecond) => {
        const wav = wavFile(new Float32Array(frames), { sampleRate, channels: 1, bits: 16 })
        const price = { perAudioSecond }
        const held = holdOf(wav, price)
        const charged = costOf(transcriptUsage(undefined, 'a', wav).usage, price)
        const seconds = Math.ceil(readWavFacts(wav).durationMs / 1000)
        const byTheSecond = costOf(transcriptUsage({ seconds }, 'a', wav).usage, price)
        expect(held).toBeGreaterThanOrEqual(charged)
        expect(held).toBeGreaterThanOrEqual(byTheSecond)
      },
    ),
    { numRuns: 300, examples: [[8000, 8001, 0.5000005000000001]] },
  )
})

it('holds as many tokens for an image as its model is said to count', () => {
  const part = { kind: 'image', header: { width: 640, height: 480 } } as unknown as CheckedPart
  const sizes = sizesOf([part, part], 'generate')
  const usual = boundsOf(rung, sizes, {}, 60_000).inputTokens ?? 0
  const counting = { ...rung, model: { ...rung.model, imageTokens: 48_169 } }
  expect(usual).toBeLessThan(2 * 2560 + 200)
  expect(boundsOf(counting, sizes, {}, 60_000).inputTokens).toBe(usual - sizes.imageTokens + 2 * 48_169)
})
