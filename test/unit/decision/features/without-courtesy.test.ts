import { describe, expect, it } from 'vitest'
import { withoutCourtesy } from '#services/decision/features/without-courtesy'

describe('withoutCourtesy()', () => {
  it.each([
    ['Hello, could you please help me with this? What is a mole?', 'What is a mole?'],
    ['please: integrate x', 'integrate x'],
    ['Good morning! Thank you in advance. Name the river.', 'Name the river.'],
    ['Dear assistant, kindly answer the following question: why?', 'why?'],
  ])('takes off what a text begins with: %s', (text, rest) => {
    expect(withoutCourtesy(text)).toBe(rest)
  })

  it.each(['History of the high seas', 'Can your model read?', 'Hijack', 'please', 'Answer: 4'])('leaves %s', text => {
    expect(withoutCourtesy(text)).toBe(text)
  })
})
