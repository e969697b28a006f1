import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ToolCallPiece } from '#services/backends/remote/wire/chat-piece'
import { resolveArguments } from '#services/backends/remote/tools/tool-arguments'
import { createToolCalls } from '#services/backends/remote/tools/tool-calls'

const known = ['write', 'read', 'now', 'get', 'get_weather']
type Piece = Partial<ToolCallPiece>

function gather(pieces: readonly Piece[], tools: readonly string[] = known) {
  const calls = createToolCalls(tools)
  for (const piece of pieces) calls.add({ arguments: '', ...piece })
  return calls.finish({ isCut: false })
}

/** Calls as `name arguments`. */
function said(pieces: readonly Piece[], tools?: readonly string[]): readonly string[] {
  return gather(pieces, tools).calls.map(call => `${call.name} ${call.argumentsJson}`)
}

const a = '{"path":"a.txt"}'
const b = '{"path":"b.txt"}'

describe('createToolCalls()', () => {
  it.each<readonly [string, readonly Piece[], readonly string[]]>([
    [
      'one index and new ids',
      [
        { index: 0, id: '1', name: 'write', arguments: a },
        { index: 0, id: '2', name: 'write', arguments: b },
      ],
      [`write ${a}`, `write ${b}`],
    ],
    [
      'one index and new ids, with arguments bit by bit',
      [
        { index: 0, id: '1', name: 'write' },
        { index: 0, arguments: '{"path":' },
        { index: 0, arguments: '"a.txt"}' },
        { index: 0, id: '2', name: 'write' },
        { index: 0, arguments: b },
      ],
      [`write ${a}`, `write ${b}`],
    ],
    [
      'one index, new ids, and nothing to say',
      [
        { index: 0, id: '1', name: 'now' },
        { index: 0, id: '2', name: 'now' },
      ],
      ['now {}', 'now {}'],
    ],
    [
      'no index',
      [
        { id: '1', name: 'write', arguments: a },
        { id: '2', name: 'read', arguments: b },
      ],
      [`write ${a}`, `read ${b}`],
    ],
    [
      'no index, bit by bit',
      [{ id: '1', name: 'write' }, { arguments: '{"path":' }, { arguments: '"a.txt"}' }, { id: '2', name: 'now' }],
      [`write ${a}`, 'now {}'],
    ],
    [
      'neither index nor id',
      [
        { name: 'write', arguments: a },
        { name: 'write', arguments: b },
        { name: 'read', arguments: a },
      ],
      [`write ${a}`, `write ${b}`, `read ${a}`],
    ],
    [
      'the id again with each piece',
      [
        { index: 0, id: '1', name: 'write', arguments: '{"path":' },
        { index: 0, id: '1', arguments: '"a.txt"}' },
        { index: 1, id: '2', name: 'read', arguments: '{"path":' },
        { index: 1, id: '2', arguments: '"b.txt"}' },
      ],
      [`write ${a}`, `read ${b}`],
    ],
    [
      'the id and the name again with each piece, and one index',
      [
        { index: 0, id: '1', name: 'write', arguments: '' },
        { index: 0, id: '1', name: 'write', arguments: '{"path":' },
        { index: 0, id: '1', name: 'write', arguments: '"a.txt"}' },
        { index: 0, id: '2', name: 'write', arguments: '{"path":' },
        { index: 0, id: '2', name: 'write', arguments: '"b.txt"}' },
      ],
      [`write ${a}`, `write ${b}`],
    ],
    [
      'a new id with each piece',
      [
        { index: 0, id: '1', name: 'write', arguments: '{"path":' },
        { index: 0, id: '2', arguments: '"a.txt' },
        { index: 0, id: '3', name: 'write', arguments: '"}' },
      ],
      [`write ${a}`],
    ],
    [
      'the id behind the name',
      [
        { index: 0, name: 'write' },
        { index: 0, id: '1', arguments: a },
      ],
      [`write ${a}`],
    ],
    [
      'the name bit by bit',
      [
        { index: 0, id: '1', name: 'get_' },
        { index: 0, name: 'weather' },
        { index: 0, arguments: a },
      ],
      [`get_weather ${a}`],
    ],
    [
      'the name bit by bit, of which the first is a name of its own',
      [{ id: '1', name: 'get' }, { name: '_weather' }, { arguments: a }],
      [`get_weather ${a}`],
    ],
    [
      'all of the name so far',
      [
        { index: 0, name: 'get_' },
        { index: 0, name: 'get_weather' },
        { index: 0, arguments: a },
      ],
      [`get_weather ${a}`],
    ],
    [
      'the name again with each piece',
      [
        { index: 0, name: 'write', arguments: '' },
        { index: 0, name: 'write', arguments: '{"path":' },
        { index: 0, name: 'write', arguments: '"a.txt"}' },
        { index: 0, name: 'write', arguments: '' },
      ],
      [`write ${a}`],
    ],
    [
      'calls between each other',
      [
        { index: 0, id: '1', name: 'write', arguments: '{"path":' },
        { index: 1, id: '2', name: 'read', arguments: '{"path":' },
        { index: 0, arguments: '"a.txt"}' },
        { index: 1, arguments: '"b.txt"}' },
      ],
      [`write ${a}`, `read ${b}`],
    ],
    [
      'calls between each other on one index, told apart by id',
      [
        { index: 0, id: '1', name: 'write', arguments: '{"path":' },
        { index: 0, id: '2', name: 'read', arguments: '{"path":' },
        { index: 0, id: '1', arguments: '"a.txt"}' },
        { index: 0, id: '2', arguments: '"b.txt"}' },
      ],
      [`write ${a}`, `read ${b}`],
    ],
    [
      'indexes from 3 with a gap',
      [
        { index: 3, id: '1', name: 'write', arguments: a },
        { index: 7, id: '2', name: 'read', arguments: b },
      ],
      [`write ${a}`, `read ${b}`],
    ],
    [
      'one id for all, and one index',
      [
        { index: 0, id: 'call', name: 'write', arguments: a },
        { index: 0, id: 'call', name: 'write', arguments: b },
      ],
      [`write ${a}`, `write ${b}`],
    ],
    ['an empty call at the end', [{ index: 0, id: '1', name: 'write', arguments: a }, { index: 1 }], [`write ${a}`]],
    ['an empty piece at the start', [{ index: 0 }, { index: 0, id: '1', name: 'now' }], ['now {}']],
    [
      'arguments on another index than their call',
      [
        { index: 0, id: '1', name: 'write' },
        { index: 1, arguments: a },
      ],
      [`write ${a}`],
    ],
    [
      'tools that nobody offered',
      [
        { index: 0, name: 'x', arguments: a },
        { index: 0, name: 'y', arguments: b },
      ],
      [`x ${a}`, `y ${b}`],
    ],
  ])('tells calls apart: %s', (_what, pieces, calls) => {
    expect(said(pieces)).toEqual(calls)
  })

  it('gives each call an id of its own', () => {
    const { calls, oddities } = gather([
      { index: 0, id: 'same', name: 'write', arguments: a },
      { index: 1, id: 'same', name: 'write', arguments: b },
      { index: 2, name: 'now' },
    ])
    expect(calls.map(call => call.argumentsJson)).toEqual([a, b, '{}'])
    expect(calls[0]?.id).toBe('same')
    expect(new Set(calls.map(call => call.id)).size).toBe(3)
    expect(calls.every(call => call.id !== '')).toBe(true)
    expect(oddities).toEqual(['tool-id'])
  })

  it('fails where arguments are not JSON, and where a call has no name', () => {
    expect(() => gather([{ id: '1', name: 'write', arguments: '{"path":"a.txt"' }])).toThrow(/not JSON/u)
    expect(() => gather([{ id: '1', name: 'write', arguments: 'a.txt' }])).toThrow(/tool call 1 are not JSON/u)
    expect(() => gather([{ id: '1', arguments: a }])).toThrow(/no name/u)
  })

  it('puts calls together however a well-behaved server cuts them', () => {
    const call = fc.record({ name: fc.constantFrom(...known), value: fc.string() })
    const cuts = fc.array(fc.nat(30), { maxLength: 4 })
    fc.assert(
      fc.property(fc.array(fc.tuple(call, cuts), { minLength: 1, maxLength: 4 }), all => {
        const pieces = all.flatMap(([{ name, value }, places], index): Piece[] => {
          const written = JSON.stringify({ value })
          const at = [0, ...places.map(place => Math.min(place, written.length)).toSorted((x, y) => x - y)]
          const bits = at.map((from, place) => written.slice(from, at[place + 1] ?? written.length))
          return bits.map((bit, place) => ({
            index,
            arguments: bit,
            ...(place === 0 ? { id: `c${index}`, name } : {}),
          }))
        })
        expect(said(pieces)).toEqual(all.map(([{ name, value }]) => `${name} ${JSON.stringify({ value })}`))
      }),
    )
  })
})

describe('resolveArguments()', () => {
  it.each([
    [[''], '{}'],
    [['null'], '{}'],
    [[' \n'], '{}'],
    [['[]'], '{}'],
    [['""'], '{}'],
    [['{', '}'], '{}'],
    [['{}', '{"a":', '1}'], '{"a":1}'],
    [['{"a":', '1}', '{"a":1}'], '{"a":1}'],
    [['{"a"', '{"a":1', '{"a":1}'], '{"a":1}'],
    [['{"a":1}', '{"a":1}'], '{"a":1}'],
    [['"{\\"a\\":1}"'], '{"a":1}'],
    [['{"n":12345678901234567890}'], '{"n":12345678901234567890}'],
    [[' {"a": 1} '], '{"a": 1}'],
    [['{"a":"\\ud83c"}'], '{"a":"\\ufffd"}'],
    [['{"a":"\\ud83c\\udf89"}'], '{"a":"\\ud83c\\udf89"}'],
    [['{"a":"\\\\ud83c"}'], '{"a":"\\\\ud83c"}'],
    [['{"a":"\ud83c', '\udf89"}'], '{"a":"🎉"}'],
    [['{"a":"\ud83c"}'], '{"a":"\ufffd"}'],
  ])('reads %j as %s', (pieces, json) => {
    expect(resolveArguments(pieces)?.json).toBe(json)
  })

  it.each([[['{"a":']], [['{"a":1}{"b":2}']], [['hello']], [["{'a':1}"]], [['{"a":1,}']], [['{"a"', '{"b":1}']]])(
    'does not read %j',
    pieces => {
      expect(resolveArguments(pieces)).toBeUndefined()
    },
  )
})
