import { join } from 'node:path'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installPython, programs, versions } from './support/install.ts'
import { recordCase, type Recorded } from './support/record-case.ts'
import { recordGrpc } from './support/recording-proxy.ts'
import { measureCancels, median, openRung, restartUnderLoad, tellFigure, type Rung } from './support/rung.ts'
import { startServer, type ServerProcess } from './support/server-process.ts'

const version = versions.kserve
let server: ServerProcess
let recorded: Recorded
let rung: Rung

beforeAll(async () => {
  const bin = installPython('kserve')
  server = await startServer({
    command: join(bin, 'python'),
    parameters: (http, grpc) => [join(programs, 'kserve-model.py'), String(http), String(grpc)],
    readyPath: '/v2/health/ready',
  })
  recorded = { server: 'kserve', version, proxy: await recordGrpc(server.grpc) }
  const backend = { kind: 'oip', baseUrl: `grpc://${server.grpc}`, ...weather }
  rung = await openRung({ task: 'classify', backend, concurrency: 8 })
}, 900_000)
afterAll(async () => {
  await rung?.stop()
  await recorded?.proxy.close()
  await server?.end()
})

const weather = { model: 'weather', input: 'text', output: 'scores', labels: ['food', 'weather'] }
const oip = { kind: 'oip', ...weather }
const classify = (text: string): { task: 'classify'; parts: { kind: 'text'; text: string }[] } => ({
  task: 'classify',
  parts: [{ kind: 'text', text }],
})

describe('the wire', () => {
  it.each([
    ['scores of labels', oip, classify('rain'), { output: { labels: [{ label: 'weather' }, { label: 'food' }] } }],
    [
      'a label with its score',
      { ...oip, output: 'label', score: 'score', labels: undefined },
      classify('bytes'),
      { output: { labels: [{ label: 'weather', score: 0.75 }] } },
    ],
    [
      'a text',
      { ...oip, output: 'label' },
      { ...classify('bytes'), task: 'generate' as const },
      { output: { text: 'weather' } },
    ],
    [
      'a vector',
      { ...oip, space: 'weather' },
      { ...classify('rain'), task: 'embed' as const },
      { output: { kind: 'embedding' } },
    ],
  ])('has %s', async (name, backend, work, result) => {
    expect((await recordCase(recorded, name, backend, work)).outcome).toMatchObject({ kind: 'done', result })
  })

  it.each([
    ['an input that the model refuses', oip, 'bad input', 'upstream-refused', 'INVALID_ARGUMENT'],
    // An exception of the model's runtime has the code of a bad request, though REST says 500.
    ['an error of the runtime', oip, 'break', 'upstream-refused', 'INVALID_ARGUMENT'],
    ['a fault of the code', oip, 'bug', 'upstream-error', 'INTERNAL'],
    ['an unknown model', { ...oip, model: 'nobody' }, 'rain', 'upstream-misconfigured', 'NOT_FOUND'],
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
      Array.from({ length: 24 }, () => rung.gateway.client.infer(rung.request('rain wait'), { deadlineMs: 60_000 })),
    )
    expect(answers.map(({ model }) => model)).toEqual(answers.map(() => 'served'))
  })

  it('frees the server when its caller leaves', async () => {
    const running = async (): Promise<number> => {
      const { body } = await request(`http://${server.http}/metrics`)
      return Number(/^weather_requests_running (\S+)$/mu.exec(await body.text())?.[1])
    }
    const took = await measureCancels(rung, { request: rung.request('wait 30'), times: 15, running, streams: false })
    tellFigure('kserve', 'cancel to idle, median', `${median(took).toFixed(0)} ms`)
    expect(median(took)).toBeLessThan(100)
  })

  it('loses no call when the server starts again', async () => {
    expect(await restartUnderLoad(rung, { text: 'rain', server })).toEqual({
      answeredBy: ['served', 'spare'],
      failures: [],
    })
  })
})
