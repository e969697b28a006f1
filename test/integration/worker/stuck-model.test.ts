import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import { systemClock } from '#services/contract/clock'
import { createRequestId, legIdOf } from '#services/contract/ids'
import { openEncoder } from '#services/decision/encoder/open-encoder'
import { createEngine } from '#services/worker/engine/engine'
import type { Work } from '#services/backends/work'
import type { Engine, RunHooks } from '#services/worker/states'
import { buildWorker } from '../../support/worker/built-worker.ts'
import { endlessWord, writeEndlessPack } from '../../support/servers/endless-pack.ts'

let folder: string
beforeAll(() => {
  buildWorker()
  folder = mkdtempSync(join(tmpdir(), 'sluice-stuck-'))
  writeEndlessPack(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const work = (model: string, text: string): Work => ({
  legId: legIdOf(createRequestId(Date.now()), 0),
  attempt: 1,
  model,
  recipe: {},
  task: 'embed',
  options: {},
  parts: [{ kind: 'text', text }],
  deadlineAt: Date.now() + 60_000,
  streaming: false,
})

const hooks = (signal: AbortSignal): RunHooks => ({ signal: () => signal, onDelta: async () => undefined })
const patient = hooks(new AbortController().signal)
const answered = [{ kind: 'done', result: { output: { kind: 'embedding' } } }]

describe('a model inside a run of ONNX Runtime that does not end', () => {
  let engine: Engine
  beforeAll(async () => {
    const backend = { kind: 'embedding', pack: 'endless', space: 'test' } as const
    const models = ['stuck', 'well'].map(name => ({ name, backend, executionProviders: ['cpu'], threads: 1 }))
    engine = await createEngine(
      { models, stuckMs: 1500 },
      { packPath: () => folder, logger: pino({ level: 'silent' }), clock: systemClock },
    )
  })
  afterAll(() => engine.close())

  it('costs its own leg: other models answer meanwhile, and it is there again soon', { timeout: 60_000 }, async () => {
    expect(await engine.run([work('stuck', 'a text')], patient)).toMatchObject(answered)
    const stop = new AbortController()
    const stuck = engine.run([work('stuck', endlessWord)], hooks(stop.signal))
    expect(await engine.run([work('well', 'a text')], patient)).toMatchObject(answered)
    stop.abort()
    expect(await stuck).toMatchObject([{ kind: 'failed', reason: 'cancelled', usage: { estimated: true } }])
    expect(engine.models).toEqual(['well'])
    expect(await engine.run([work('well', 'a text')], patient)).toMatchObject(answered)
    expect(await engine.run([work('stuck', 'a text')], patient)).toMatchObject(answered)
    expect(engine.models).toEqual(['stuck', 'well'])
  })

  it('is ended by a process that exits, which neither waits nor aborts', { timeout: 60_000 }, async () => {
    const entry = join(folder, 'exits.mjs')
    const encoder = join(packageRoot(), 'dist', 'services', 'decision', 'encoder', 'open-encoder.js')
    writeFileSync(
      entry,
      `import { openEncoder } from '${pathToFileURL(encoder).href}'
       const encoder = await openEncoder('${folder}')
       encoder.encode('${endlessWord}').catch(() => {})
       setTimeout(() => process.exit(7), 500)`,
    )
    const child = spawn(process.execPath, [entry], { stdio: 'ignore' })
    const ended = await new Promise(resolve => child.once('exit', (code, signal) => resolve({ code, signal })))
    expect(ended).toEqual({ code: 7, signal: null })
  })
})

describe('an encoder inside a run that does not end', () => {
  it('fails the texts that wait for it, and encodes the next', { timeout: 60_000 }, async () => {
    const encoder = await openEncoder(folder, undefined, 1500)
    try {
      const waiting = [encoder.encode(endlessWord), encoder.encode('a text')]
      expect((await Promise.allSettled(waiting)).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
      expect(await encoder.encode('a text')).toHaveLength(4)
    } finally {
      await encoder.close()
    }
  })
})
