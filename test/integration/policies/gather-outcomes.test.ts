import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import { missingPacks } from '../../support/model-packs.ts'

const missing = missingPacks(['minilm'])
const folder = mkdtempSync(join(tmpdir(), 'sluice-gathered-'))
const out = join(folder, 'rows.jsonl')
afterAll(() => rmSync(folder, { recursive: true }))

const root = packageRoot()
const gather = (...parameters: readonly string[]) =>
  spawnSync(
    process.execPath,
    ['scripts/policies/gather-outcomes.mjs', '--inputs', 'deploy/demo/inputs.json', '--out', out, ...parameters],
    { cwd: root, encoding: 'utf8' },
  )
const rows = (): readonly { readonly id: string }[] =>
  readFileSync(out, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

describe.skipIf(missing !== undefined)(`scripts/policies/gather-outcomes.mjs (${missing ?? 'on real weights'})`, () => {
  it('writes rows of the inputs that are shipped, goes on where it ended, and its rows can be evaluated', () => {
    const first = gather('--models', 'minilm', '--limit', '2')
    expect(first).toMatchObject({ status: 0, stderr: expect.stringContaining('are left out') })
    expect(rows()).toHaveLength(2)
    expect(gather('--models', 'minilm', '--limit', '1').status).toBe(0)
    expect(new Set(rows().map(({ id }) => id)).size).toBe(3)
    expect(rows()[0]).toMatchObject({
      dataset: 'sluice-classify',
      modality: 'text',
      content: [{ text: expect.any(String) }],
      outcomes: { minilm: { score: expect.any(Number), costUsd: expect.any(Number), answer: expect.any(String) } },
    })
    const evaluated = spawnSync(
      process.execPath,
      ['bin/sluice.js', 'eval', '--policy', 'deploy/policies/classify', '--outcomes', out],
      { cwd: root, encoding: 'utf8' },
    )
    // It reads the rows and tells what they lack.
    expect(evaluated.stderr).toMatch(/no row has a score of every model \(minilm, gte-small\)/u)
  }, 120_000)

  it('says what is wrong with what it is asked', () => {
    const unknown = gather('--models', 'minilm,other')
    expect(unknown).toMatchObject({ status: 2, stderr: expect.stringContaining('other is not configured') })
  })
})
