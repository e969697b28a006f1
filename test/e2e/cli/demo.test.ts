import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import { freePort } from '#services/cli/system/private-redis'
import { missingPacks } from '../../support/model-packs.ts'

const wanted = [
  'whisper-tiny',
  'whisper-base',
  'whisper-small',
  'minilm',
  'gte-small',
  'ppocr-v4',
  'ppocr-v6-det',
  'smollm2-135m',
  'qwen2.5-0.5b',
]
const missing = missingPacks(wanted)

interface Row {
  readonly modality: string
  readonly rungs: readonly { readonly model: string; readonly verdict: string; readonly confidence: number | null }[]
  readonly answer: string
  readonly correct?: boolean
  readonly costNanoUsd: number
  readonly degraded: boolean
}

/** `set` gives it an address of its own, so that no gateway which happens to run is used. */
function run(parameters: readonly string[], set: string): Promise<{ code: number | null; printed: string }> {
  const child = spawn(process.execPath, [join(packageRoot(), 'bin', 'sluice.js'), ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, SLUICE_SET: set },
  })
  let printed = ''
  child.stdout.on('data', (piece: Buffer) => (printed += piece.toString()))
  child.stderr.on('data', (piece: Buffer) => (printed += piece.toString()))
  return new Promise(resolve => child.once('exit', code => resolve({ code, printed })))
}

describe.skipIf(missing !== undefined)(`npm run demo (${missing ?? 'on real weights'})`, () => {
  it('starts everything, answers text, images and audio, some at the first rung and some above, and leaves nothing running', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-demo-test-'))
    const file = join(folder, 'out.json')
    try {
      const { code, printed } = await run(['demo', '--json', file], `listen.grpc=127.0.0.1:${await freePort()}`)
      expect({ code, printed: code === 0 ? '' : printed }).toEqual({ code: 0, printed: '' })
      const rows = JSON.parse(readFileSync(file, 'utf8')) as readonly Row[]
      expect(rows.length).toBeGreaterThanOrEqual(18)
      expect(new Set(rows.map(row => row.modality))).toEqual(new Set(['audio', 'image', 'text']))
      expect(rows.some(row => row.rungs.length === 1)).toBe(true)
      expect(rows.some(row => row.rungs.length > 1)).toBe(true)
      const asked = rows.filter(row => row.rungs.some(({ model }) => /^(?:smollm|qwen)/u.test(model)))
      expect(asked.length).toBeGreaterThanOrEqual(12)
      expect(asked.filter(row => row.rungs.length > 1 && row.correct).length).toBeGreaterThanOrEqual(3)
      for (const row of rows) {
        expect(row.rungs.at(-1)?.confidence).toBeGreaterThan(0)
        expect(row.costNanoUsd).toBeGreaterThan(0)
      }
      const known = rows.filter(row => row.correct !== undefined)
      // Chance is far below: free text, digits and fourteen labels. The demo's own page tells the exact share.
      expect(known.filter(row => row.correct).length / known.length).toBeGreaterThan(0.6)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }, 480_000)
})
