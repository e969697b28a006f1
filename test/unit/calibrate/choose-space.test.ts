import { describe, expect, it } from 'vitest'
import { chooseSpace } from '#services/calibrate/fit/kernel/choose-space'
import { withFeatures } from '#services/calibrate/fit/kernel/fit-estimator'
import type { OutcomeRow } from '#services/calibrate/states'
import type { TextEncoder } from '#services/decision/encoder/text-encoder'

const models = ['small', 'large']
const count = 320
const judged = 250

const isKnown = (index: number): boolean => (index * 7919) % 1000 < 500

/** Texts whose letters tell nothing of what the small model knows. */
function rows() {
  return withFeatures(
    Array.from({ length: count }, (_, index): OutcomeRow => ({
      id: `r${index}`,
      dataset: 'made',
      parts: [{ kind: 'text', text: `item ${index}` }],
      outcomes: { small: { score: Number(isKnown(index)) }, large: { score: 1 } },
    })),
  )
}

/** An encoder that counts, and whose vectors tell what the small model knows, or nothing. */
function createEncoder(tells: boolean): TextEncoder & { readonly encoded: string[] } {
  const encoded: string[] = []
  return {
    encoded,
    identity: { pack: 'made', sha256: 'made', tokens: 8, dimensions: 2 },
    encode(text) {
      encoded.push(text)
      const known = tells && isKnown(Number(text.replace('item ', '')))
      return Promise.resolve(known ? Float32Array.of(1, 0) : Float32Array.of(0, 1))
    },
    close: () => Promise.resolve(),
  }
}

describe('chooseSpace()', () => {
  it('encodes no more rows than the choice is made on where an encoder predicts nothing', async () => {
    const encoder = createEncoder(false)
    const chosen = await chooseSpace(rows(), models, {
      seed: 1,
      openEncoder: () => Promise.resolve(encoder),
      mostEvaluated: judged,
    })
    expect(chosen).not.toHaveProperty('encoder')
    expect(chosen.encoderGain).toBeLessThan(0.002)
    expect(encoder.encoded).toHaveLength(judged)
  })

  it('encodes every row once where an encoder predicts better', async () => {
    const encoder = createEncoder(true)
    const { space, ...chosen } = await chooseSpace(rows(), models, {
      seed: 1,
      openEncoder: () => Promise.resolve(encoder),
      mostEvaluated: judged,
    })
    expect(chosen.encoder).toEqual(encoder.identity)
    expect(chosen.encoderGain).toBeGreaterThan(0.3)
    expect(new Set(encoder.encoded).size).toBe(count)
    expect(encoder.encoded).toHaveLength(count)
    expect(space.points.map(point => point.embedding?.[0])).toEqual(
      Array.from({ length: count }, (_, index) => Number(isKnown(index))),
    )
  })
})
