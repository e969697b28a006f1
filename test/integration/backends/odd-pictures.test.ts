import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '#services/config/load-config'
import { systemClock } from '#services/contract/clock'
import type { LegId } from '#services/contract/ids'
import type { Backend } from '#services/backends/backend'
import { createOcrBackend, type OcrSpec } from '#services/backends/ocr/ocr'
import { missingPacks, packPath } from '../../support/model-packs.ts'

interface Odd {
  readonly id: string
  readonly file: string
  readonly expected: string
}

// Drawn by test/bench/quality/pictures/make-odd-pictures.mjs; test/bench/quality/odd-pictures.mjs measures many more.
const folder = join(import.meta.dirname, '..', '..', 'fixtures', 'odd-pictures')
const pictures = JSON.parse(readFileSync(join(folder, 'inputs.json'), 'utf8')) as readonly Odd[]
const control = { cancelled: () => false, signal: () => new AbortController().signal, onDelta: () => Promise.resolve() }
const missing = missingPacks(['ppocr-v4'])
const words = (text: string): readonly string[] =>
  text
    .replaceAll(/[\u2212\u2013\u2014]/gu, '-')
    .replaceAll(/(?<=^|\s)([-+])\s+(?=[$\d])/gmu, '$1')
    .split(/\s+/u)

describe.skipIf(missing !== undefined)(`pictures that are easily misread (${missing ?? 'on real weights'})`, () => {
  let backend: Backend
  beforeAll(async () => {
    const { config } = loadConfig(join(import.meta.dirname, '..', '..', '..', 'deploy', 'config', 'sluice.yaml'))
    backend = await createOcrBackend(config.models['ppocr-fast']!.backend as OcrSpec, {
      packPath,
      logger: pino({ level: 'silent' }),
      clock: systemClock,
      executionProviders: ['cpu'],
      threads: 1,
    })
  })
  afterAll(() => backend.close())

  it.each(pictures.map(picture => [picture.id, picture] as const))(
    'reads %s, or says that it is unsure',
    async (_, { file, expected }) => {
      const work = {
        legId: `${randomBytes(16).toString('hex')}.0` as LegId,
        attempt: 1,
        model: 'ppocr-fast',
        recipe: {},
        task: 'ocr' as const,
        options: {},
        parts: [
          { kind: 'image' as const, bytes: new Uint8Array(readFileSync(join(folder, file))), mediaType: 'image/png' },
        ],
        deadlineAt: systemClock.now() + 60_000,
        streaming: false,
      }
      const [outcome] = await backend.run([work], control)
      if (outcome?.kind !== 'done') throw new Error('the picture was not read')
      const { output, rawConfidence, caveats = [] } = outcome.result
      const trust = Math.min(rawConfidence, ...caveats.map(caveat => caveat.mostConfidence))
      const [wanted, got] = [words(expected), words(output.kind === 'text' ? output.text : '')]
      const wrong = wanted.filter((word, index) => got[index] !== word)
      const said = caveats.length > 0 ? 'unsure' : 'sure'
      expect([wrong.length > 1 && trust > 0.6, trust > 0.6 ? 'sure' : said], `${trust}: ${got.join(' ')}`).toEqual([
        false,
        trust > 0.6 ? 'sure' : 'unsure',
      ])
    },
  )
})
