import { describe, expect, test } from 'vitest'
import { createByteLevelText } from '#services/backends/whisper/byte-level-text'
import { interpretTranscript, type TranscribedWindow } from '#services/backends/whisper/transcript'

const sure: TranscribedWindow = {
  text: ' One, two, three.',
  tokens: [1, 2, 3, 4],
  logProbabilities: [-0.05, -0.1, -0.1, -0.05, -0.01],
  margins: [0.9, 0.8, 0.8, 0.9, 0.99],
  noSpeechProbability: 0.05,
  languageProbability: 0.98,
  ending: 'end',
  audioMs: 2000,
}

const confidence = (changed: Partial<TranscribedWindow>): number =>
  interpretTranscript([{ ...sure, ...changed }]).rawConfidence

describe('interpretTranscript()', () => {
  test('joins the windows’ texts', () => {
    const { text, signals } = interpretTranscript([sure, { ...sure, text: ' ' }, { ...sure, text: ' Four.' }])
    expect(text).toBe('One, two, three. Four.')
    expect(signals).toMatchObject({
      windows: 3,
      tokens: 12,
      audio_s: 6,
      tokens_per_second: 2,
      looped: 0,
      unfinished: 0,
    })
  })

  test('leaves out a window that is likely silence and unlikely text', () => {
    const silence = { ...sure, text: ' you', noSpeechProbability: 0.9, logProbabilities: [-1.5, -1.2] }
    expect(interpretTranscript([sure, silence]).text).toBe('One, two, three.')
    expect(interpretTranscript([{ ...silence, noSpeechProbability: 0.3 }]).text).toBe('you')
  })

  test('trusts plain speech', () => {
    expect(confidence({})).toBeGreaterThan(0.85)
  })

  test.each<[string, Partial<TranscribedWindow>]>([
    ['a loop', { ending: 'loop' }],
    ['a decode that did not end', { ending: 'limit' }],
    ['unsure tokens', { logProbabilities: [-0.9, -1.2, -0.8] }],
    ['likely silence', { noSpeechProbability: 0.9 }],
    ['text that repeats itself', { text: 'na '.repeat(60) }],
    ['more words than anyone can say', { tokens: Array.from({ length: 40 }, () => 1) }],
    ['no text', { text: '' }],
  ])('trusts %s less', (_, changed) => {
    expect(confidence(changed)).toBeLessThan(confidence({}) * 0.8)
  })

  test('trusts a loop by less than a tenth', () => {
    expect(confidence({ ending: 'loop' })).toBeLessThan(0.1)
  })

  test('gives finite signs and a confidence in [0,1] of nothing at all', () => {
    const { text, rawConfidence, signals } = interpretTranscript([
      { ...sure, text: '', tokens: [], logProbabilities: [], margins: [], audioMs: 0 },
    ])
    expect(text).toBe('')
    expect(Object.values(signals).every(value => Number.isFinite(value))).toBe(true)
    expect(rawConfidence).toBeGreaterThanOrEqual(0)
    expect(rawConfidence).toBeLessThanOrEqual(1)
  })
})

describe('createByteLevelText()', () => {
  // Ġ is a space, âĤ¬ the bytes of €.
  const text = createByteLevelText(['Ġhello', 'âĤ', '¬', 'Ã¼'])

  test('turns tokens into text', () => {
    expect(text.decode([0, 1, 2, 3])).toBe(' hello€ü')
  })

  test('streams whole characters only', () => {
    const next = text.stream()
    expect([0, 1, 2].map(next)).toEqual([' hello', '', '€'])
  })
})
