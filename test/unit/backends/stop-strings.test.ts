import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutAtStop } from '#services/backends/llama/stop-strings'

describe('cutAtStop()', () => {
  it('cuts at the first stop string', () => {
    expect(cutAtStop('one STOP two END', ['END', 'STOP'], false)).toEqual({ text: 'one ', stopped: true })
  })

  it('cuts where a stop string is complete first, though another began before', () => {
    expect(cutAtStop('aba', ['aba', 'b'], false)).toEqual({ text: 'a', stopped: true })
    expect(cutAtStop('xab', ['b', 'ab'], false)).toEqual({ text: 'x', stopped: true })
  })

  it('holds back what could begin a stop string, while more may come', () => {
    expect(cutAtStop('one ST', ['STOP'], true)).toEqual({ text: 'one ', stopped: false })
    expect(cutAtStop('one ST', ['STOP'], false)).toEqual({ text: 'one ST', stopped: false })
  })

  it('shows, piece by piece, what it shows of the whole', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 12 })
    const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 3 }), { maxLength: 3 })
    fc.assert(
      fc.property(letters, stops, (text, stop) => {
        let shown = ''
        for (let end = 1; end <= text.length; end += 1) {
          const { text: now, stopped } = cutAtStop(text.slice(0, end), stop, true)
          // Nothing that was shown is taken back.
          expect(now.startsWith(shown)).toBe(true)
          shown = now
          if (stopped) break
        }
        expect(cutAtStop(text, stop, false).text.startsWith(shown)).toBe(true)
      }),
    )
  })
})
