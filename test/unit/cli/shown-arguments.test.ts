import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { callDeltaLines, createCallDeltaReader } from '#services/contract/answer'
import { createShownArguments } from '#services/backends/remote/tools/shown-arguments'
import { resolveArguments } from '#services/backends/remote/tools/tool-arguments'
import { createToolCalls } from '#services/backends/remote/tools/tool-calls'

/** What is shown piece by piece. */
function shownOf(pieces: readonly string[]): readonly string[] {
  const shown = createShownArguments()
  return pieces.map(piece => shown.take(piece))
}

const anyString = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\\', '\\u', '"{}', '\ud83d\ude00', 'a\nb'))
const anyObject = fc.dictionary(
  anyString,
  fc.oneof(anyString, fc.integer(), fc.constant(null), fc.array(anyString), fc.dictionary(anyString, anyString)),
  { minKeys: 1 },
)
/** JSON as servers write it: as it is, with spaces, or with every other character escaped. */
const anyJson = fc.tuple(anyObject, fc.constantFrom(0, 1, 2)).map(([value, style]) => {
  const json = JSON.stringify(value, undefined, style === 1 ? 2 : 0)
  const escape = (one: string): string => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`
  return style === 2 ? json.replaceAll(/[^ -~]/gu, one => one.split('').map(escape).join('')) : json
})
const cutAt = (text: string, places: readonly number[]): readonly string[] => {
  const ends = [...new Set(places.map(place => place % (text.length + 1)))].toSorted((one, other) => one - other)
  return [...ends, text.length].map((end, index) => text.slice(index === 0 ? 0 : ends[index - 1], end))
}

describe('createShownArguments()', () => {
  it('shows all of an object, however it is cut, and never what the end does not begin with', () => {
    fc.assert(
      fc.property(anyJson, fc.array(fc.nat()), fc.constantFrom('', ' ', '{}', 'null'), (json, places, before) => {
        const pieces = [before, ...cutAt(json, places)]
        const shown = shownOf(pieces)
        const whole = resolveArguments(pieces)?.json
        expect(whole).toBeDefined()
        // A piece that is the whole so far once more is given up, and may be one by chance.
        expect(whole?.startsWith(shown.join(''))).toBe(true)
      }),
    )
  })

  it('shows the whole of an object that comes in one piece, or character by character', () => {
    fc.assert(
      fc.property(anyJson, json => {
        const whole = resolveArguments([json])?.json
        expect(shownOf([json]).join('')).toBe(whole)
        expect(shownOf(json.split('')).join('')).toBe(whole)
      }),
    )
  })

  it('shows a piece as soon as it is there', () => {
    expect(shownOf(['{', '"city"', ':"O', 'slo"', '}'])).toEqual(['', '{"city"', ':"O', 'slo"', '}'])
  })

  it.each<readonly [string, readonly string[], readonly string[]]>([
    ['an escape', ['{"a":"\\', 'n\\u00', 'e9"}'], ['{"a":"', '\\n', '\\u00e9"}']],
    ['escaped halves', ['{"a":"\\ud83d', '\\ude00"}'], ['{"a":"', '\\ud83d\\ude00"}']],
    ['a half that stays alone', ['{"a":"\\ud83d', 'x"}'], ['{"a":"', '\\ufffdx"}']],
    ['halves', ['{"a":"\ud83d', '\ude00"}'], ['{"a":"', '\ud83d\ude00"}']],
  ])('holds back %s that is not whole', (_what, pieces, expected) => {
    expect(shownOf(pieces)).toEqual(expected)
  })

  it.each<readonly [string, readonly string[]]>([
    ['the whole so far, again and again', ['{"a"', '{"a":1', '{"a":1}']],
    ['the whole once more at the end', ['{"a":', '1}', '{"a":1}']],
    ['a text of JSON', ['"{\\"a\\":', '1}"']],
    ['nothing', ['null']],
    ['an empty object', ['{', '}']],
    ['an empty object at the end', ['{"a":1}', '{}']],
  ])('shows nothing that is not so in the end of %s', (_what, pieces) => {
    const shown = shownOf(pieces).join('')
    expect(resolveArguments(pieces)?.json.startsWith(shown)).toBe(true)
  })

  it('takes no longer for each piece as the arguments grow', () => {
    const shown = createShownArguments()
    shown.take('{"text":"')
    const startedAt = performance.now()
    for (let piece = 0; piece < 100_000; piece += 1) shown.take('0123456789')
    expect(performance.now() - startedAt).toBeLessThan(10_000)
  })
})

describe('calls as they are shown', () => {
  const gather = (pieces: readonly { readonly index?: number; id?: string; name?: string; arguments?: string }[]) => {
    const calls = createToolCalls(['write', 'read'])
    const shown = pieces.map(piece => {
      calls.add({ arguments: '', ...piece })
      return calls.show()
    })
    return { shown, calls }
  }

  it('begin with id and name once there are arguments, and come one after the other', () => {
    const { shown, calls } = gather([
      { index: 0, id: 'a', name: 'write' },
      { index: 0, arguments: '{"path":' },
      { index: 1, id: 'b', name: 'read', arguments: '{"path":"b"}' },
      { index: 0, arguments: '"a"}' },
    ])
    expect(shown).toEqual([
      [],
      [{ index: 0, id: 'a', name: 'write', argumentsJson: '{"path":' }],
      [],
      [
        { index: 0, argumentsJson: '"a"}' },
        { index: 1, id: 'b', name: 'read', argumentsJson: '{"path":"b"}' },
      ],
    ])
    expect(calls.finish({ isCut: false }).calls).toEqual([
      { id: 'a', name: 'write', argumentsJson: '{"path":"a"}' },
      { id: 'b', name: 'read', argumentsJson: '{"path":"b"}' },
    ])
  })

  it('keep the id that they were shown with', () => {
    const { shown, calls } = gather([
      { name: 'write', arguments: '{"a":1' },
      { arguments: '}', id: 'late' },
    ])
    const [first] = shown[0] ?? []
    expect(first?.id).toMatch(/^call_/u)
    expect(calls.finish({ isCut: false }).calls[0]?.id).toBe(first?.id)
  })

  it('are not shown where no such tool was offered', () => {
    expect(gather([{ name: 'wri', arguments: '{"a":1}' }]).shown).toEqual([[]])
  })
})

describe('lines of pieces', () => {
  it('are read however they are cut', () => {
    const delta = fc.record({ index: fc.nat(9), id: anyString, name: anyString, argumentsJson: anyString })
    fc.assert(
      fc.property(fc.array(delta), fc.array(fc.nat()), (deltas, places) => {
        const read = createCallDeltaReader()
        expect(cutAt(callDeltaLines(deltas), places).flatMap(read)).toEqual(deltas)
      }),
    )
  })
})
