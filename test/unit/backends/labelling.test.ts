import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { interpretLogits } from '#services/backends/answers/interpret-logits'

describe('interpretLogits()', () => {
  it('gives probabilities that sum to one, best first', () => {
    const logits = fc.array(fc.float({ min: -300, max: 300, noNaN: true }), { minLength: 1, maxLength: 64 })
    fc.assert(
      fc.property(logits, values => {
        const names = values.map((_, index) => `label ${index}`)
        const { labels, rawConfidence, signals } = interpretLogits(names, Float32Array.from(values))
        expect(labels.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 9)
        expect(labels.map(one => one.score)).toEqual(labels.map(one => one.score).toSorted((a, b) => b - a))
        expect(rawConfidence).toBe(labels[0]?.score)
        for (const sign of Object.values(signals)) {
          expect(sign).toBeGreaterThanOrEqual(0)
          expect(sign).toBeLessThanOrEqual(1 + 1e-9)
        }
      }),
    )
  })

  it('tells a sure choice from an even one', () => {
    const sure = interpretLogits(['a', 'b'], Float32Array.of(20, 0))
    const even = interpretLogits(['a', 'b'], Float32Array.of(1, 1))
    expect(sure.signals['margin']).toBeCloseTo(1)
    expect(sure.signals['entropy']).toBeCloseTo(0)
    expect(even).toMatchObject({ rawConfidence: 0.5, signals: { margin: 0 } })
    expect(even.signals['entropy']).toBeCloseTo(1)
  })
})
