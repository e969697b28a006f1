import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCalibrate } from '#services/calibrate/calibrate'
import { runScore } from '#services/calibrate/score'
import { openEncoder } from '#services/decision/encoder/open-encoder'
import type { TextEncoder } from '#services/decision/encoder/text-encoder'
import { loadPolicy } from '#services/decision/policy/load-policy'
import { missingPacks, packPath } from '../../support/model-packs.ts'
import { writeTable } from '../../support/policies/outcome-table.ts'

const missing = missingPacks(['minilm'])
const asked = ['Which river is the longest?', 'What is the length of the longest river?', 'Integrate x squared.']

describe.skipIf(missing !== undefined)(`openEncoder() ${missing ?? ''}`, () => {
  let encoder: TextEncoder
  let home: string
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'encoder-'))
    encoder = await openEncoder(packPath('minilm'))
  })
  afterAll(async () => {
    await encoder.close()
    rmSync(home, { recursive: true })
  })

  it('gives vectors of length 1, nearer for a like meaning, and the same whoever asks beside', async () => {
    const [longest, length, integral] = await Promise.all(asked.map(text => encoder.encode(text)))
    const cosine = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, at) => sum + value * b[at]!, 0)
    expect(longest).toHaveLength(encoder.identity.dimensions)
    expect(cosine(longest!, longest!)).toBeCloseTo(1, 5)
    expect(cosine(longest!, length!)).toBeGreaterThan(cosine(longest!, integral!) + 0.2)
    expect(await encoder.encode(asked[0]!)).toEqual(longest)
  })

  it('is refused by a pack that is not there', async () => {
    await expect(openEncoder(join(home, 'nothing'))).rejects.toMatchObject({ code: 'Config' })
  })

  it('fails what is asked once it is closed', async () => {
    const other = await openEncoder(packPath('minilm'))
    await other.close()
    await expect(other.encode('Anything?')).rejects.toThrow('ended')
  })

  it('lets a process that has nothing else to do close it and go on', () => {
    const module = pathToFileURL('dist/services/decision/encoder/open-encoder.js')
    const script = `
      const { openEncoder } = await import(${JSON.stringify(module.href)})
      const encoder = await openEncoder(${JSON.stringify(packPath('minilm'))})
      await encoder.encode('Anything?')
      await encoder.close()
      process.stdout.write('closed')`
    const ran = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    expect(ran).toMatchObject({ status: 0, stdout: 'closed' })
  })

  it('ties a policy to its weights: with others it is refused', async () => {
    // The small model is right where the text speaks of rivers: meaning foretells it.
    const table = writeTable(home, 120, (row, index) => {
      const river = index % 2 === 0
      const text = river ? `How long is the river number ${index}?` : `Compute the integral of x to the ${index}.`
      const outcomes = { small: { score: Number(river), costUsd: 0.001 }, large: { score: 1, costUsd: 0.01 } }
      return { ...row, content: [{ text }], outcomes }
    })
    const policy = join(home, 'policy')
    await runCalibrate({ outcomes: [table], out: policy, openEncoder: () => Promise.resolve(encoder) })
    const file = JSON.parse(readFileSync(join(policy, 'policy.json'), 'utf8')) as { encoder?: object }
    expect(file.encoder).toEqual(encoder.identity)
    await expect(loadPolicy(policy, {})).rejects.toMatchObject({ code: 'Config' })
    const other = { ...encoder, identity: { ...encoder.identity, sha256: '0'.repeat(64) } }
    await expect(loadPolicy(policy, { openEncoder: () => Promise.resolve(other) })).rejects.toThrow('fit it again')

    const inputs = join(home, 'inputs.jsonl')
    const row = (id: string, text: string): string => JSON.stringify({ id, content: [{ text }], outcomes: {} })
    writeFileSync(inputs, `${row('a', 'What length has this stream?')}\n${row('b', 'Evaluate the integral.')}\n`)
    const out = join(home, 'scores.jsonl')
    await runScore({ policy, inputs, out, openEncoder: () => Promise.resolve(encoder) })
    const [stream, integral] = readFileSync(out, 'utf8')
      .trim()
      .split('\n')
      .map(line => (JSON.parse(line) as { scores: { small: number } }).scores.small)
    expect(stream!).toBeGreaterThan(integral! + 0.2)
  })
})
