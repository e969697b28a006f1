import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { runCalibrate } from '#services/calibrate/calibrate'
import type { OutcomeRow } from '#services/calibrate/states'
import { agreement } from '#services/decision/calibrators/features/companion-features'
import { labelOf } from '#services/decision/calibrators/features/own-features'
import { createRowReplay } from '#services/calibrate/replay-row'
import type { LabelModel } from '#services/decision/policy/policy-schema'
import { createCalibratedPolicy, loadPolicy, openPolicyFolder } from '#services/decision/policy/load-policy'
import { writeTable } from '../../support/policies/outcome-table.ts'

let home: string
let fitted: string
let folder: string

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'policy-'))
  fitted = join(home, 'fitted')
  await runCalibrate({ outcomes: [writeTable(home, 200)], out: fitted, seed: 3 })
})
afterAll(() => {
  rmSync(home, { recursive: true })
})
beforeEach(() => {
  folder = mkdtempSync(join(home, 'copy-'))
  cpSync(fitted, folder, { recursive: true })
})

/** Changes `policy.json` of the copy. */
function edit(change: (policy: Record<string, unknown>) => unknown): void {
  const file = join(folder, 'policy.json')
  const policy = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  change(policy)
  writeFileSync(file, JSON.stringify(policy))
}

describe('loadPolicy()', () => {
  it('loads what calibrate wrote', async () => {
    const policy = await loadPolicy(folder, { estimateMs: 10_000 })
    expect(policy.models).toEqual(['small', 'middle', 'large'])
    const estimate = await policy.estimate([{ kind: 'text', text: 'What is the longest river?' }])
    expect(estimate.fallback).toBeUndefined()
    for (const model of policy.models) expect(estimate.models[model]?.quality).toBeGreaterThan(0)
  })

  it('tells a corrupt file by its name', async () => {
    writeFileSync(join(folder, 'policy.json'), '{"schema":2,')
    await expect(loadPolicy(folder, {})).rejects.toMatchObject({
      code: 'Config',
      message: expect.stringContaining('not JSON'),
    })
  })

  it.each([3, 7, 9])('refuses schema %i: its calibrators may weigh features that are not made here', async schema => {
    edit(policy => (policy['schema'] = schema))
    await expect(loadPolicy(folder, {})).rejects.toMatchObject({
      code: 'Config',
      message: expect.stringContaining('schema'),
    })
  })

  it('takes an answer that is too long for a label for none, however few its letters are', () => {
    const label = { model: 'small', answer: '(B).' }
    const text = { model: 'small', answer: `**B**${' '.repeat(30)}` }
    expect([label, text].map(labelOf)).toEqual(['b', undefined])
    expect(agreement(label, text)).toBe(1)
  })

  it('is held against rows as it judges in the gateway', async () => {
    const { file } = await openPolicyFolder(folder)
    const policy = await loadPolicy(folder, {})
    const estimate = { difficulty: 0.5, models: {}, features: {} }
    const outcome = { score: 1, confidence: 0.6, outputChars: 2, answer: '15' }
    for (const answer of ['1.5', '15']) {
      const row = { id: 'a', outcomes: { small: { ...outcome, answer }, middle: outcome } } as unknown as OutcomeRow
      const heard = [answer, '15'].map((said, at) => ({
        model: policy.models[at]!,
        answer: said,
        rawConfidence: 0.6,
        outputChars: 2,
      }))
      const replayed = createRowReplay(row, estimate, file).confidence(['small', 'middle'])
      expect(replayed).toBe(policy.confidences(heard, estimate)[1])
    }
  })

  it('judges with the label model of the folder', async () => {
    const answers = ['small', 'large'].map((model, index) => ({ model, answer: 'AB'[index]!, rawConfidence: 0.6 }))
    const estimate = { difficulty: 0.5, models: {}, features: {} }
    const before = (await loadPolicy(folder, {})).confidences(answers, estimate)
    edit(policy => {
      const { bias } = policy['labelModel'] as { bias: number[] }
      bias.forEach((_, index) => (bias[index] = -9 * index))
    })
    expect((await loadPolicy(folder, {})).confidences(answers, estimate)).not.toEqual(before)
  })

  it.each([
    [
      'that its calibrators ask for',
      (policy: Record<string, unknown>) => delete policy['labelModel'],
      'its calibrators ask',
    ],
    [
      'without one of its models',
      ({ labelModel }: Record<string, unknown>) => delete (labelModel as LabelModel).voters['middle'],
      'its calibrators ask',
    ],
    [
      'with weights of fewer labels',
      ({ labelModel }: Record<string, unknown>) => (labelModel as LabelModel).voters['small']!.sure.pop(),
      'its weights are not of as many labels',
    ],
  ])('refuses a label model %s', async (_what, change, message) => {
    edit(change)
    await expect(loadPolicy(folder, {})).rejects.toMatchObject({
      code: 'Config',
      message: expect.stringContaining(`labelModel: ${message}`),
    })
  })

  it('refuses an estimator that is not the fitted one, or that no hash covers', async () => {
    const estimator = join(folder, 'estimator.onnx')
    writeFileSync(estimator, Buffer.concat([readFileSync(estimator), Buffer.from([0])]))
    await expect(loadPolicy(folder, {})).rejects.toMatchObject({
      code: 'Config',
      message: expect.stringContaining('sha256'),
    })
    edit(policy => (policy['files'] = {}))
    await expect(loadPolicy(folder, {})).rejects.toMatchObject({
      code: 'Config',
      message: expect.stringContaining('not listed'),
    })
  })

  it.each(['../estimator.onnx', 'sub/estimator.onnx', '/etc/hosts', '..'])(
    'reads nothing outside its folder: %s',
    async name => {
      edit(policy => {
        policy['files'] = { [name]: 'a'.repeat(64) }
        policy['estimator'] = { ...(policy['estimator'] as object), file: name }
      })
      await expect(loadPolicy(folder, {})).rejects.toMatchObject({ code: 'Config' })
    },
  )

  it.each([
    ['timeout', () => new Promise<Float32Array>(() => undefined)],
    ['error', () => Promise.reject(new Error('no memory'))],
  ] as const)('falls back on mean scores and names it: %s', async (fallback, run) => {
    const opened = await openPolicyFolder(folder)
    const policy = await createCalibratedPolicy({ ...opened, estimator: { run } }, { estimateMs: 5 })
    const estimate = await policy.estimate([{ kind: 'text', text: 'Why?' }])
    expect(estimate.fallback).toBe(fallback)
    for (const model of policy.models) {
      expect(estimate.models[model]?.quality).toBe(opened.file.usual[model]?.quality)
    }
  })
})
