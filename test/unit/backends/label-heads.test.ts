import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readLabelHeads } from '#services/backends/embedding/label-heads'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-heads-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function put(weights: readonly number[], more: Record<string, unknown> = {}): void {
  const bytes = Buffer.from(Float32Array.from(weights).buffer)
  mkdirSync(join(folder, 'colours'))
  writeFileSync(join(folder, 'colours', 'weights.f32'), bytes)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const manifest = {
    labels: ['red', 'blue'],
    dimensions: 2,
    temperature: 2,
    weights: { file: 'weights.f32', sha256 },
    ...more,
  }
  writeFileSync(join(folder, 'colours', 'manifest.json'), JSON.stringify(manifest))
}

describe('readLabelHeads()', () => {
  it('multiplies, adds the bias and divides by the temperature', () => {
    put([1, 2, 3, -1, 0, 0.5])
    const head = readLabelHeads(folder).sets.get('colours')
    expect([...(head?.logits(Float32Array.of(10, 100)) ?? [])]).toEqual([(10 + 200 + 3) / 2, (-10 + 0.5) / 2])
    expect(() => head?.logits(Float32Array.of(1))).toThrow('1 numbers')
  })

  it('refuses weights that are not those of the manifest', () => {
    put([1, 2, 3, -1, 0, 0.5], { weights: { file: 'weights.f32', sha256: '0'.repeat(64) } })
    expect(() => readLabelHeads(folder)).toThrow(/sha256/u)
  })

  it('refuses weights that do not fit the labels', () => {
    put([1, 2, 3])
    expect(() => readLabelHeads(folder)).toThrow('3 weights do not make 2 labels of 2 dimensions')
  })

  it('knows no sets where there is no folder', () => {
    expect(readLabelHeads(join(folder, 'none'))).toMatchObject({ adHocTemperature: 0.05 })
    expect(readLabelHeads(undefined).sets.size).toBe(0)
  })

  it('takes the fitted temperature for labels without a head', () => {
    writeFileSync(join(folder, 'ad-hoc.json'), JSON.stringify({ temperature: 0.02 }))
    expect(readLabelHeads(folder).adHocTemperature).toBe(0.02)
  })
})
