import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCalibrate } from '#services/calibrate/calibrate'
import { runEval } from '#services/calibrate/eval'
import { runReplay } from '#services/calibrate/replay'
import { runScore } from '#services/calibrate/score'
import { writeTable } from '../../support/policies/outcome-table.ts'

type Outcomes = Record<string, Record<string, unknown>>
interface Line {
  readonly id: string
  readonly budgetUsd?: number
  readonly maxRisk?: number
  readonly calls: readonly string[]
  readonly answer: string
}

/** More than the 500 rows beyond which some stand in for all. */
const rowCount = 600

let home: string
let table: string
let policy: string

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'calibrate-'))
  table = writeTable(home, rowCount)
  policy = join(home, 'policy')
  await runCalibrate({ outcomes: [table], out: policy, seed: 5 })
}, 240_000)
afterAll(() => {
  rmSync(home, { recursive: true })
})

function linesOf(file: string): Line[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Line)
}

/** The table with something done to the outcomes of each row. */
function tableWith(change: (outcomes: Outcomes, id: string) => void, rows = rowCount): string {
  return writeTable(home, rows, row => {
    change(row['outcomes'] as Outcomes, row['id'] as string)
    return row
  })
}

async function replayed(inputs: string, options: { budgets?: number[]; maxRisks?: number[] }): Promise<Line[]> {
  const out = join(home, 'replay.jsonl')
  await runReplay({ policy, inputs, out, budgets: options.budgets ?? [], maxRisks: options.maxRisks ?? [] })
  return linesOf(out)
}

describe('runCalibrate()', { timeout: 120_000 }, () => {
  it('writes the same bytes for the same seed', async () => {
    const again = join(home, 'again')
    await runCalibrate({ outcomes: [table], out: again, seed: 5 })
    for (const name of ['policy.json', 'estimator.onnx']) {
      expect(readFileSync(join(again, name)).equals(readFileSync(join(policy, name)))).toBe(true)
    }
  })

  it('says what is wrong with a table', async () => {
    const fit = (outcomes: string) => runCalibrate({ outcomes: [outcomes], out: join(home, 'bad') })
    const empty = join(home, 'empty.jsonl')
    writeFileSync(empty, '\n')
    await expect(fit(empty)).rejects.toMatchObject({ code: 'Config', message: expect.stringContaining('no rows') })
    const nan = join(home, 'nan.jsonl')
    writeFileSync(nan, '{"id":"a","outcomes":{"m":{"score":NaN}}}\n')
    await expect(fit(nan)).rejects.toMatchObject({ code: 'Config', message: expect.stringContaining('nan.jsonl:1') })
    await expect(fit(join(home, 'absent.jsonl'))).rejects.toMatchObject({ code: 'Config' })
    await expect(fit(writeTable(home, 19))).rejects.toMatchObject({ message: expect.stringContaining('at least 20') })
  })

  it('fits a table of 20 rows, of one class, and without costs, and warns', async () => {
    const out = join(home, 'odd')
    const few = await runCalibrate({ outcomes: [writeTable(home, 20)], out })
    expect(few.warnings.join()).toContain('20 rows are few')
    expect(few.certified.every(one => one.meanCostUsd === null)).toBe(true)
    const sure = tableWith(outcomes => (outcomes['large']!['score'] = 1), 80)
    expect((await runCalibrate({ outcomes: [sure], out })).warnings.join()).toContain('large has the same score')
    const free = tableWith(outcomes => delete outcomes['middle']!['costUsd'], 80)
    const unpriced = await runCalibrate({ outcomes: [free], out })
    expect(unpriced.models).toEqual(['small', 'middle', 'large'])
    expect(unpriced.warnings.join()).toContain('no cost of middle')
    expect([few.costsKnown, unpriced.costsKnown]).toEqual([true, false])
  })
})

describe('runReplay()', () => {
  it('writes a line a row and budget, and keeps to the budget', async () => {
    const budgets = [0.002, 0.005, 0.009]
    const lines = await replayed(table, { budgets })
    expect(lines).toHaveLength(3 * rowCount)
    expect(Object.keys(lines[0]!)).toEqual(['id', 'budgetUsd', 'calls', 'answer'])
    const costs: Record<string, number> = { small: 0.001, middle: 0.004, large: 0.02 }
    for (const budgetUsd of budgets) {
      const spent = lines
        .filter(line => line.budgetUsd === budgetUsd)
        .flatMap(line => line.calls)
        .reduce((sum, model) => sum + costs[model]!, 0)
      expect(spent / rowCount / budgetUsd).toBeLessThanOrEqual(1.02)
      expect(spent / rowCount / budgetUsd).toBeGreaterThan(0.9)
    }
  })

  it('anticipates nothing: neither scores nor what was not called change a line', async () => {
    const options = { budgets: [0.006], maxRisks: [0.05, 0.1] }
    const lines = await replayed(table, options)
    const called = new Map<string, Set<string>>()
    for (const { id, calls } of lines) called.set(id, new Set([...(called.get(id) ?? []), ...calls]))
    const blind = tableWith((outcomes, id) => {
      for (const [model, outcome] of Object.entries(outcomes)) {
        delete outcome['score']
        if (!called.get(id)!.has(model)) Object.assign(outcome, { confidence: 0.5, answer: 'Z', costUsd: 9 })
      }
    })
    expect(await replayed(blind, options)).toEqual(lines)
  })

  it('keeps to a risk limit, and lets the most expensive answer what is not accepted', async () => {
    const rows = new Map(
      readFileSync(table, 'utf8')
        .trim()
        .split('\n')
        .map(line => JSON.parse(line) as { id: string; outcomes: Record<string, { score: number }> })
        .map(row => [row.id, row.outcomes]),
    )
    const lines = await replayed(table, { maxRisks: [0.05] })
    expect(Object.keys(lines[0]!)).toEqual(['id', 'maxRisk', 'calls', 'answer'])
    const losses = lines.filter(({ id, answer }) => rows.get(id)![answer]!.score < rows.get(id)!['large']!.score)
    expect(losses.length / lines.length).toBeLessThanOrEqual(0.05)
    expect(lines.some(line => line.answer !== 'large')).toBe(true)
    for (const { calls, answer } of lines) expect(answer).toBe(calls.at(-1))
  })
})

describe('runScore() and runEval()', { timeout: 120_000 }, () => {
  it('score a table of another make', async () => {
    const other = writeTable(home, 30, (_, index) => ({ id: index, content: [], outcomes: {}, extra: 1 }))
    const out = join(home, 'scores.jsonl')
    expect(await runScore({ policy, inputs: other, out })).toBe(30)
    const [first] = linesOf(out) as unknown as { scores: Record<string, number> }[]
    for (const p of Object.values(first!.scores)) expect(p > 0 && p < 1).toBe(true)
  })

  it('measure the same for the same seed, and tell a policy from a random mix', async () => {
    const html = join(home, 'report.html')
    const report = await runEval({ policy, outcomes: table, html, seed: 2 })
    expect(await runEval({ policy, outcomes: table, seed: 2 })).toEqual(report)
    expect(report.fittedOn).toBe(true)
    expect(report.aiq.gain.low).toBeGreaterThan(0)
    const apgr = Object.fromEntries(report.routers.map(one => [one.name, one.apgr.value]))
    expect(apgr['oracle']).toBeGreaterThan(apgr['policy, before any call']!)
    expect(apgr['policy, before any call']).toBeGreaterThan(0.5)
    expect(report.slices.map(slice => slice.name).toSorted()).toEqual(['even', 'odd'])
    const page = readFileSync(html, 'utf8')
    expect(page).toContain('<svg')
    expect(page).not.toMatch(/(?:src|href)=|https?:\/\//u)
    expect(page).not.toContain('NaN')
  })

  it('slice by any column, warn of the slice whose risk is over the limit, and certify the others', async () => {
    // The models that answer cheaply are sure of what they mishear of one speaker.
    const spoken = writeTable(home, 900, (row, index) => {
      const speaker = ['ada', 'ben', 'yara'][index % 3]!
      const misheard = { score: 0, confidence: 0.97, costUsd: 0.001, answer: 'A' }
      const { large } = row['outcomes'] as Outcomes
      if (speaker !== 'yara') return { ...row, speaker, id: `spoken-${index}` }
      const outcomes = { small: misheard, middle: { ...misheard, costUsd: 0.004 }, large: { ...large, score: 1 } }
      return { ...row, speaker, id: `spoken-${index}`, outcomes }
    })
    const html = join(home, 'slices.html')
    const options = { policy, outcomes: spoken, by: 'speaker', maxRisk: 0.1, certify: true, html }
    const { slicing, slices, ...rest } = await runEval(options)
    expect(slicing).toEqual({ by: 'speaker', limit: 0.1, isLimitOfCaller: true, delta: 0.1, rowsWithout: 0 })
    const bySpeaker = Object.fromEntries(slices.map(slice => [slice.name, slice]))
    expect(Object.keys(bySpeaker).toSorted()).toEqual(['ada', 'ben', 'yara'])
    const { ada, yara } = bySpeaker
    expect(yara).toMatchObject({ rows: 300, warning: 'exceeds', isCertified: false })
    expect(ada).toMatchObject({ rows: 300, isCertified: true })
    expect(ada?.warning).toBeUndefined()
    expect(ada!.riskBound).toBeGreaterThan(ada!.losses / 300)
    for (const { risk, escalation, costUsd } of slices) {
      for (const figure of [risk, escalation, costUsd]) {
        expect(figure.low).toBeLessThanOrEqual(figure.value)
        expect(figure.high).toBeGreaterThanOrEqual(figure.value)
      }
    }
    expect(rest.rows).toBe(900)
    expect(readFileSync(html, 'utf8')).toMatch(/Slices by speaker[^]*exceeds 10\.0 %/u)
  })

  it('say which columns there are, and certify nothing by rows that fitted the policy', async () => {
    const told = expect.stringContaining('(group, dataset), found accent')
    await expect(runEval({ policy, outcomes: table, by: 'accent' })).rejects.toThrow(
      expect.objectContaining({ message: told }),
    )
    await expect(runEval({ policy, outcomes: table, maxRisk: 0.1, certify: true })).rejects.toThrow('not fitted on')
    await expect(runEval({ policy, outcomes: table, certify: true })).rejects.toThrow('--max-risk')
  })
})
