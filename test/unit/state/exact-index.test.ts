import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chunkSections } from '#services/router/retrieve/chunk-sections'
import { chunkText } from '#services/router/retrieve/chunk-text'
import { createExactIndex } from '#services/state/index/exact/exact-index'
import { wordsOf } from '#services/state/index/words-of'

const vector = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 5, maxLength: 5 })

describe('an exact index', () => {
  it('finds what looking at every document finds, whatever was put, changed and removed before', async () => {
    const step = fc.record({ id: fc.integer({ min: 0, max: 40 }), removes: fc.boolean(), vector })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 1500 }), vector, async (steps, query) => {
        const index = createExactIndex(5)
        const kept = new Map<string, readonly number[]>()
        for (const { id, removes, vector: values } of steps) {
          const documentId = String(id)
          const chunks = [{ text: `word${id}`, vector: Float32Array.from(values) }]
          if (removes) index.remove(documentId)
          else index.put({ documentId, metadata: {}, chunks, orderedAt: 0 })
          if (removes) kept.delete(documentId)
          else kept.set(documentId, values)
        }
        const length = (values: readonly number[]): number => Math.hypot(...values) || 1
        const cosine = (values: readonly number[]): number =>
          values.reduce((sum, value, at) => sum + value * (query[at] ?? 0), 0) / length(values) / length(query)
        const hits = await index.search({ vector: Float32Array.from(query), conditions: [], limit: 5 })
        const best = [...kept.values()].map(cosine).toSorted((one, other) => other - one)
        expect(hits.map(({ similarity }) => similarity)).toEqual(best.slice(0, 5).map(one => expect.closeTo(one, 5)))
        for (const id of [...kept.keys()].slice(0, 3)) {
          const [found, ...others] = await index.search({ text: `Word${id}!`, conditions: [], limit: 3 })
          expect([found?.documentId, others]).toEqual([id, []])
        }
        expect(index.chunks).toBe(kept.size)
      }),
      { numRuns: 30 },
    )
  })

  it('ranks a rare word over a common one, and a short text over a long one', async () => {
    const index = createExactIndex(1)
    const texts = { rare: 'the zebra', common: 'the lion', long: `zebra ${'grass '.repeat(4)}`, other: 'the ox' }
    for (const [documentId, text] of Object.entries(texts)) {
      index.put({ documentId, metadata: {}, chunks: [{ text, vector: Float32Array.of(1) }], orderedAt: 0 })
    }
    const hits = await index.search({ text: 'the zebra', conditions: [], limit: 4 })
    expect(hits.map(({ documentId }) => documentId)).toEqual(['rare', 'long', 'common', 'other'])
  })
})

describe('words', () => {
  it('are compared in one letter case and form, and as pairs where no spaces are written', () => {
    expect(wordsOf('Ｆｉｌｅ-name: ÉTÉ, été 42!')).toEqual(['file', 'name', 'été', 'été', '42'])
    expect(wordsOf('東京都 x')).toEqual(['東京', '京都', 'x'])
  })
})

describe('chunks of a text', () => {
  const options = { characters: 100, overlapCharacters: 20 }

  it('hold all of it, each within its size, no character cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 1500 }), text => {
        const chunks = chunkText(text, { ...options, overlapCharacters: 0 })
        expect(chunks.every(chunk => chunk.length <= 100 && chunk.isWellFormed())).toBe(true)
        expect(chunks.join('').replaceAll(/\s/gu, '')).toBe(text.replaceAll(/\s/gu, ''))
      }),
    )
  })

  it('are whole sentences, the last short ones told again', () => {
    const text = `${'One sentence that takes some room. '.repeat(2)}And this. ${'More of that is told here. '.repeat(3)}`
    const [first, second] = chunkText(text, options)
    expect(first).toMatch(/And this\.$/u)
    expect(second).toMatch(/^And this\. More/u)
  })

  it('end with a paragraph where one is half full, and are none where there is nothing to read', () => {
    expect(chunkText(`${'a'.repeat(60)}.\n\nNext.`, options)).toEqual([`${'a'.repeat(60)}.`, 'Next.'])
    expect(chunkText(' \n\n ', options)).toEqual([])
  })

  it('keep to their page, and join what is said one after the other', () => {
    const at = (startMs: number, endMs: number): object => ({ locator: { startMs, endMs } })
    const pages = chunkSections(
      [
        { text: 'One.', locator: { page: 1 } },
        { text: ' ', locator: { page: 2 } },
        { text: 'Two words. '.repeat(20), locator: { page: 3 } },
      ],
      options,
    )
    expect(pages[0]).toEqual({ text: 'One.', locator: { page: 1 } })
    expect(pages.slice(1).every(({ locator }) => locator?.page === 3)).toBe(true)
    expect(pages.length).toBeGreaterThan(2)
    const said = [0, 1, 2, 3].map(second => ({
      text: `${'a'.repeat(40)} ${second}.`,
      ...at(second * 1000, second * 1000 + 900),
    }))
    expect(chunkSections(said, options).map(({ locator }) => locator)).toEqual([
      { startMs: 0, endMs: 1900 },
      { startMs: 2000, endMs: 3900 },
    ])
  })
})
