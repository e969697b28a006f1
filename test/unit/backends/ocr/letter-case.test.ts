import { describe, expect, test } from 'vitest'
import { settleCase } from '#services/backends/ocr/recognise/letter-case'

/** Tops of small letters, and of capitals and letters that rise above. */
const [low, high] = [0.3, 0.05]

/** A line whose characters in `doubted` have their other case as a rival. */
function settle(line: string, doubted: string, topOf: (character: string, index: number) => number): string {
  const characters = Array.from(line).map(character => {
    const isUpper = character === character.toUpperCase()
    const other = isUpper ? character.toLowerCase() : character.toUpperCase()
    const rival = doubted.includes(character)
      ? { rival: other, rivalProbability: 0.4 }
      : { rival: 'q', rivalProbability: 0.1 }
    return { character, probability: 0.6, ...rival }
  })
  const settled = settleCase(
    characters,
    characters.map(({ character }, index) => topOf(character, index)),
  )
  return settled.map(({ character }) => character).join('')
}

const drawn =
  (text: string) =>
  (_: string, index: number): number =>
    /[bdfhkltA-Z0-9]/u.test(text[index] ?? '') ? high : low

describe('settleCase()', () => {
  test.each([
    ['Woolrammill', 'woolrammill', 'W'],
    ['woolrammill', 'Woolrammill', 'w'],
    ['Saddlezipper', 'saddlezipper', 'S'],
    ['anchorVx', 'anchorvX', 'Vx'],
  ])('reads "%s" as "%s", by the height of its letters', (read, is, doubted) => {
    expect(settle(read, doubted, drawn(is))).toBe(is)
  })

  test.each([
    ['what the recogniser is sure of', 'Wool mane', '', drawn('wool mane')],
    ['a line without small letters to compare with', 'WOL', 'W', drawn('wOL')],
    ['a line without tall letters', 'Wsoma', 'W', drawn('wsoma')],
    ['a line whose letters are all as high', 'Wool mane', 'W', () => low],
  ])('leaves %s alone', (_, read, doubted, topOf) => {
    expect(settle(read, doubted, topOf)).toBe(read)
  })
})
