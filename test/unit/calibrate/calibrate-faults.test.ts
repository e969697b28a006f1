import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCalibrate } from '#services/calibrate/calibrate'
import { gatherRows } from '#services/calibrate/load/read-rows'
import { runReplay } from '#services/calibrate/replay'
import { runScore } from '#services/calibrate/score'
import { loadPolicy } from '#services/decision/policy/load-policy'

const folder = mkdtempSync(join(tmpdir(), 'sluice-faults-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const at = (name: string): string => join(folder, name)

const row = (index: number, more: object = {}) => ({
  id: `r${index}`,
  outcomes: {
    small: { score: index % 3 === 0 ? 0 : 1, confidence: index % 3 === 0 ? 0.3 : 0.8, costUsd: 0.001, ...more },
    large: { score: 1, confidence: 0.9, costUsd: 0.01 },
  },
})
const table = (rows: readonly object[]): string => rows.map(one => `${JSON.stringify(one)}\n`).join('')
const rows = Array.from({ length: 60 }, (_, index) => row(index))

const fault = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no fault',
    (error: unknown) => (error instanceof Error && 'code' in error ? `${String(error.code)}: ${error.message}` : error),
  )

describe('gatherRows()', () => {
  it('names the file that cannot be read, whole or to its end', async () => {
    const whole = gzipSync(table(rows))
    writeFileSync(at('none.jsonl.gz'), table(rows))
    writeFileSync(at('cut.jsonl.gz'), whole.subarray(0, whole.length - 20))
    for (const name of ['absent.jsonl', 'absent.jsonl.gz', 'none.jsonl.gz', '.']) {
      expect(await fault(gatherRows([at(name)]))).toMatch(
        /^Config: .*: it cannot be read: (?:no such file or folder|it is a folder, not a file|it is not gzip, or damaged)$/u,
      )
    }
    expect(await fault(gatherRows([at('cut.jsonl.gz')]))).toMatch(/^Config: .*cut.jsonl.gz: it cannot be read/u)
  })

  it.each(['constructor', 'toString'])('refuses a model called %s, which every record has', async name => {
    const file = at('names.jsonl')
    writeFileSync(file, `{"id":"a","outcomes":{"${name}":{"score":1}}}\n`)
    expect(await fault(gatherRows([file]))).toBe(
      `Config: ${file}:1: outcomes.${name}: expected another name for the model: this one is reserved`,
    )
  })

  it('reads over a mark of the byte order', async () => {
    writeFileSync(at('marked.jsonl'), `\uFEFF${table(rows)}`)
    expect((await gatherRows([at('marked.jsonl')])).rows).toHaveLength(60)
  })

  it('keeps of a long answer what tells it from others, and its length', async () => {
    const long = 'The capital of France is, beyond any doubt, Paris.'
    const answers = [long, long.toUpperCase(), `${long} Or Lyon.`, 'Paris', `  Paris${'.'.repeat(30)}`]
    writeFileSync(at('long.jsonl'), table(answers.map((answer, index) => row(index, { answer }))))
    const kept = (await gatherRows([at('long.jsonl')])).rows.map(one => one.outcomes['small'])
    expect(kept[0]?.answer).not.toContain('France')
    expect(kept[0]?.outputChars).toBe(long.length)
    expect(kept[1]?.answer).toBe(kept[0]?.answer)
    expect(kept[2]?.answer).not.toBe(kept[0]?.answer)
    expect([kept[3]?.answer, kept[4]?.answer]).toEqual(['Paris', answers[4]])
  })
})

describe('what calibrate, score and replay write', () => {
  const policy = at('policy')
  beforeAll(async () => {
    writeFileSync(at('rows.jsonl'), table(rows))
    await runCalibrate({ outcomes: [at('rows.jsonl')], out: policy })
  }, 120_000)

  it('is refused with its path where it cannot be written', async () => {
    writeFileSync(at('file'), '')
    const inputs = at('rows.jsonl')
    const nowhere = at('nowhere/out.jsonl')
    expect(await fault(runCalibrate({ outcomes: [inputs], out: at('file') }))).toMatch(
      /^Config: .*file: it cannot be written: there is a file of that name$/u,
    )
    expect(await fault(runScore({ policy, inputs, out: nowhere }))).toMatch(
      /^Config: .*cannot be written: no such file or folder$/u,
    )
    expect(await fault(runReplay({ policy, inputs, out: nowhere, budgets: [0.01], maxRisks: [] }))).toMatch(
      /^Config: .*cannot be written: no such file or folder$/u,
    )
  })

  it('can be loaded, whatever a column holds, and says what it makes of it', { timeout: 120_000 }, async () => {
    const wild = rows.map((_, index) =>
      row(index, {
        confidence: index === 5 ? 1e300 : 0.7,
        signals: { margin: index === 6 ? 1e308 : -1e308, usual: 1 },
      }),
    )
    writeFileSync(at('wild.jsonl'), table(wild))
    const { warnings } = await runCalibrate({ outcomes: [at('wild.jsonl')], out: at('wild') })
    expect(warnings).toContain('small: 1 confidences lie outside 0 to 1 and say less than those inside')
    const loaded = await loadPolicy(at('wild'), {})
    expect(loaded.models).toEqual(['small', 'large'])
  })
})
