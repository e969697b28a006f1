import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '#services/cli/system/private-redis'
import { installPython, programs, versions } from './support/install.ts'
import { recordCase, type Recorded } from './support/record-case.ts'
import { recordGrpc } from './support/recording-proxy.ts'
import { measureCancels, median, openRung, restartUnderLoad, tellFigure, type Rung } from './support/rung.ts'
import { startServer, type ServerProcess } from './support/server-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-mlserver-'))
let server: ServerProcess
let recorded: Recorded
let rung: Rung
let metrics: number

beforeAll(async () => {
  const bin = installPython('mlserver')
  metrics = await freePort()
  server = await startServer({
    command: 'sh',
    // The ports stand in a file of the folder.
    parameters: (http, grpc) => {
      const ports = [http, grpc, metrics].map(String)
      spawnSync(join(bin, 'python'), [join(programs, 'mlserver_model.py'), folder, ...ports], { stdio: 'inherit' })
      return ['-c', `exec "${join(bin, 'mlserver')}" start "${folder}"`]
    },
    environment: () => ({ PYTHONPATH: programs }),
    readyPath: '/v2/models/slow/ready',
  })
  recorded = { server: 'mlserver', version: versions.mlserver, proxy: await recordGrpc(server.grpc) }
  const backend = { ...oip, model: 'slow', output: 'label', baseUrl: `grpc://${server.grpc}`, labels: undefined }
  rung = await openRung({ task: 'classify', backend, concurrency: 8 })
}, 900_000)
afterAll(async () => {
  await rung?.stop()
  await recorded?.proxy.close()
  await server?.end()
  rmSync(folder, { recursive: true, force: true })
})

const oip = { kind: 'oip', model: 'weather', input: 'text', output: 'predict_proba', labels: ['food', 'weather'] }
const slow = { ...oip, model: 'slow', output: 'label', labels: undefined }
const classify = (text: string): { task: 'classify'; parts: { kind: 'text'; text: string }[] } => ({
  task: 'classify',
  parts: [{ kind: 'text', text }],
})

describe('the wire', () => {
  it.each([
    ['probabilities of scikit-learn', oip, classify('rain today'), { output: { labels: [{ label: 'weather' }, {}] } }],
    [
      'a label of scikit-learn',
      { ...oip, model: 'weather-label', output: 'predict', labels: undefined },
      classify('rain'),
      { output: { labels: [{ label: 'weather', score: 0.5 }] } },
    ],
    ['a model by its version', { ...oip, version: 'v1' }, classify('rain'), { output: { kind: 'labels' } }],
    ['a text', slow, { ...classify('x'), task: 'generate' as const }, { output: { text: 'weather' } }],
    [
      'a text that is streamed',
      { ...slow, vllm: true },
      { ...classify('x'), task: 'generate' as const, streaming: true },
      { output: { text: 'weather' } },
    ],
    [
      'a text that is streamed from a version',
      { ...slow, model: 'versioned', vllm: true },
      { ...classify('x'), task: 'generate' as const, streaming: true },
      { output: { text: 'weather' } },
    ],
  ])('has %s', async (name, backend, work, result) => {
    expect((await recordCase(recorded, name, backend, work)).outcome).toMatchObject({ kind: 'done', result })
  })

  it.each([
    ['an error of the runtime', slow, 'break', 'upstream-refused', 'INVALID_ARGUMENT'],
    ['a fault of the code', slow, 'bug', 'upstream-error', 'INTERNAL'],
    ['an unknown model', { ...oip, model: 'nobody' }, 'rain', 'upstream-misconfigured', 'NOT_FOUND'],
    ['an unknown version', { ...oip, version: 'v2' }, 'rain', 'upstream-misconfigured', 'NOT_FOUND'],
    ['an output that is not there', { ...oip, output: 'none' }, 'rain', 'upstream-error', 'no output none'],
  ])('refuses %s', async (name, backend, text, reason, because) => {
    const { outcome } = await recordCase(recorded, name, backend, classify(text))
    expect(outcome).toMatchObject({ kind: 'failed', reason, message: expect.stringContaining(because) })
  })
})

describe('a rung', () => {
  it('answers', async () => {
    const answer = await rung.gateway.client.infer(rung.request('rain today'))
    expect(answer.output?.labels?.labels[0]).toMatchObject({ label: 'weather' })
  })

  it('takes 24 calls at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 24 }, () => rung.gateway.client.infer(rung.request('rain'), { deadlineMs: 60_000 })),
    )
    expect(answers.map(({ model }) => model)).toEqual(answers.map(() => 'served'))
  })

  it('frees the server when its caller leaves', async () => {
    const running = async (): Promise<number> => {
      const { body } = await request(`http://127.0.0.1:${metrics}/metrics`)
      return Number(/^slow_requests_running (\S+)$/mu.exec(await body.text())?.[1])
    }
    const took = await measureCancels(rung, { request: rung.request('wait 30'), times: 15, running, streams: false })
    tellFigure('mlserver', 'cancel to idle, median', `${median(took).toFixed(0)} ms`)
    expect(median(took)).toBeLessThan(100)
  })

  it('loses no call when the server starts again', async () => {
    expect(await restartUnderLoad(rung, { text: 'rain', server })).toEqual({
      answeredBy: ['served', 'spare'],
      failures: [],
    })
  })
})
