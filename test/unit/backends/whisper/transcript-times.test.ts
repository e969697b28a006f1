import { describe, expect, test } from 'vitest'
import { createByteLevelText } from '#services/backends/whisper/byte-level-text'
import { createOrderedDeltas } from '#services/backends/whisper/ordered-deltas'
import { alignTokens } from '#services/backends/whisper/timing/align-tokens'
import { segmentWords } from '#services/backends/whisper/timing/segment-words'
import { timeWords } from '#services/backends/whisper/timing/time-words'

/** One head that looks at these frames of 20 ms, and a little at all others. */
const looksAt = (from: number, to: number): Float32Array[] => [
  Float32Array.from({ length: 1500 }, (_, frame) => (frame >= from && frame < to ? 1 : 0.001)),
]

describe('alignTokens()', () => {
  test('finds when each token begins, in order, whatever is looked at behind the end of the sound', () => {
    const starts = alignTokens([looksAt(0, 50), looksAt(50, 70), looksAt(70, 200), looksAt(200, 1500)], 5000)
    expect(starts).toHaveLength(4)
    for (const [place, expected] of [0, 1000, 1400, 4000].entries()) {
      expect(Math.abs(starts[place]! - expected)).toBeLessThanOrEqual(80)
    }
  })

  test('has an answer for more tokens than frames, and for no attention at all', () => {
    const crowded = alignTokens(
      Array.from({ length: 9 }, () => looksAt(0, 1)),
      40,
    )
    expect(crowded.every(ms => ms >= 0 && ms <= 40)).toBe(true)
    expect(alignTokens([[new Float32Array(1500)]], 1000)).toEqual([expect.any(Number)])
    expect(alignTokens([], 1000)).toEqual([])
  })
})

describe('timeWords()', () => {
  const text = createByteLevelText(['Ġfour', ',', 'Ġtwo', 'ty', 'ä¸', 'ī'])
  const tone = Float32Array.from({ length: 80_000 }, (_, at) => Math.sin(at / 5))

  test('joins tokens to words; the pause at a comma belongs to no word', () => {
    const attention = [looksAt(0, 30), looksAt(30, 150), looksAt(150, 180), looksAt(180, 210), looksAt(210, 250)]
    const words = timeWords({ tokens: [0, 1, 2, 3], attention, startMs: 10_000, samples: tone }, text)
    expect(words.map(word => word.text)).toEqual([' four,', ' twoty'])
    expect(words[0]!.startMs).toBe(10_000)
    expect(words[0]!.endMs).toBeLessThan(10_900)
    expect(words[1]!.startMs).toBeGreaterThan(12_700)
  })

  test('cuts a pause off a word that is longer than any', () => {
    const late = tone.map((sample, at) => (at < 64_000 ? 0 : sample))
    const [word] = timeWords(
      { tokens: [0], attention: [looksAt(0, 240), looksAt(240, 250)], startMs: 0, samples: late },
      text,
    )
    expect(word!.startMs).toBeGreaterThan(3900)
  })

  test('keeps the tokens of one character together', () => {
    const words = timeWords(
      { tokens: [4, 5], attention: [looksAt(0, 9), looksAt(9, 20), looksAt(20, 30)], startMs: 0, samples: tone },
      text,
    )
    expect(words.map(word => word.text)).toEqual(['三'])
  })
})

describe('segmentWords()', () => {
  const said = (words: string, startMs: number) =>
    words
      .split(' ')
      .map((word, at) => ({ text: ` ${word}`, startMs: startMs + at * 300, endMs: startMs + at * 300 + 250 }))

  test('ends a segment with a sentence, at a pause and at two lines', () => {
    const long = Array.from({ length: 30 }, () => 'ferries').join(' ')
    const segments = segmentWords([...said('All aboard. The ferry', 0), ...said(`leaves ${long}`, 5000)], false)
    expect(segments.slice(0, 2)).toEqual([
      { text: 'All aboard.', startMs: 0, endMs: 550 },
      { text: 'The ferry', startMs: 600, endMs: 1150 },
    ])
    expect(segments[2]).toMatchObject({ startMs: 5000 })
    expect(segments.every(({ text }) => text.length <= 84)).toBe(true)
    expect(segments.map(({ text }) => text).join(' ')).toBe(`All aboard. The ferry leaves ${long}`)
  })

  test('has the words where they are asked for', () => {
    expect(segmentWords(said('All aboard', 0), true)[0]).toMatchObject({
      words: [
        { text: 'All', startMs: 0, endMs: 250 },
        { text: 'aboard', startMs: 300, endMs: 550 },
      ],
    })
    expect(segmentWords([], true)).toEqual([])
  })
})

test('createOrderedDeltas() passes on what comes side by side in order', async () => {
  const seen: string[] = []
  const deltas = createOrderedDeltas(3, async text => void seen.push(text))
  await deltas.of(1)('c')
  await deltas.of(0)('a')
  await deltas.of(1)('d')
  await deltas.done(1)
  await deltas.of(0)('b')
  await deltas.done(0)
  await deltas.of(2)('e')
  await deltas.done(2)
  expect(seen.join('')).toBe('abcde')
})
