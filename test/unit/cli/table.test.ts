import { describe, expect, it } from 'vitest'
import { showApart } from '#services/contract/figures'
import { formatApart } from '#services/contract/money'
import { briefAnswer } from '#services/cli/output/show-answer'
import type { InferResponse__Output } from '#services/wire/generated/sluice/v1/InferResponse'
import { tableOf, type Terminal } from '#services/cli/output/terminal'

const reason = 'a reason that is a good deal longer than what is left of a narrow screen beside the other columns'
const rows = [
  { name: 'small', reason },
  { name: 'large', reason: 'short' },
]
const columns = [
  { title: 'rung', cell: (row: (typeof rows)[number]) => row.name },
  { title: 'reason', cell: (row: (typeof rows)[number]) => row.reason, shrinks: true },
] as const

const terminal = (width?: number): Terminal => ({
  json: false,
  screen: width !== undefined,
  ...(width === undefined ? {} : { columns: width }),
  line: () => undefined,
  note: () => undefined,
  value: () => undefined,
  paint: (_style, text) => text,
})

describe('a table', () => {
  it('is whole where no screen is to show it', () => {
    expect(tableOf(columns, rows, terminal())).toContain(reason)
  })

  it('is cut to the width of a screen, and not where it fits', () => {
    const lines = tableOf(columns, rows, terminal(60)).split('\n')
    expect(lines[1]).toMatch(/…$/u)
    expect(Math.max(...lines.map(line => line.length))).toBe(60)
    expect(tableOf(columns, rows, terminal(200))).toContain(reason)
  })

  it('keeps something of a cell on the narrowest screen', () => {
    expect(tableOf(columns, rows, terminal(10))).toContain('a reason that i…')
  })
})

describe('an answer among many', () => {
  it('says what it lacks', () => {
    const answer = (more: object): InferResponse__Output =>
      ({
        output: { text: 'Gate 42' },
        model: 'ocr',
        confidence: 0.25,
        costNanoUsd: 1000,
        latency: null,
        ...more,
      }) as never
    expect(briefAnswer(answer({}), terminal())).toBe('ocr · 25.0 % · $0.000001 · 0.0 ms\nGate 42')
    const lacking = answer({ outOfDomain: true, degraded: true, degradedReason: 'DEGRADED_REASON_BUDGET' })
    expect(briefAnswer(lacking, terminal()).split('\n')[0]).toMatch(/ {2}out of domain {2}degraded: budget$/u)
  })
})

describe('two figures that are compared', () => {
  it.each([
    [1.004, 1, 2, '1.004', '1.000'],
    [0.7499999, 0.75, 3, '0.7499999', '0.7500000'],
    [0.3, 0.75, 3, '0.300', '0.750'],
    [1, 1, 2, '1.00', '1.00'],
    [100.2, 100.4, 0, '100.2', '100.4'],
  ])('%f and %f never look the same unless they are', (one, other, decimals, first, second) => {
    expect(showApart(one, other, decimals)).toEqual([first, second])
  })

  it('are exact where they are money', () => {
    expect(formatApart(10_000_001, 10_000_000)).toEqual(['$0.010000001', '$0.010000000'])
    expect(formatApart(20_000_000, 10_000_000)).toEqual(['$0.0200', '$0.0100'])
  })
})
