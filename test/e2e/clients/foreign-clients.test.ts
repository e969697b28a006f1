import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import { startProcess, type RunningProcess } from '../../support/processes.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'

const root = packageRoot()
const python = '/usr/bin/python3'
const hasPython = spawnSync(python, ['-c', 'import grpc, google.protobuf']).status === 0
const hasProtoc = spawnSync('protoc', ['--version']).status === 0
let redis: PrivateRedis
let running: RunningProcess[] = []
let address = ''

beforeAll(async () => {
  redis = await startPrivateRedis()
  const config = ['--config', join(root, 'test', 'e2e', 'config', 'echo.yaml')]
  const environment = { SLUICE_TEST_REDIS: redis.url }
  running = await Promise.all([
    startProcess('worker', [...config, '--pool', 'small'], environment),
    startProcess('worker', [...config, '--pool', 'large'], environment),
  ])
  const router = await startProcess('router', config, environment)
  running.push(router)
  address = String(router.ready['grpc'])
}, 60_000)
afterAll(async () => {
  await Promise.all(running.map(one => one.end('SIGKILL')))
  await redis.stop()
})

describe('a Python client made from the proto', () => {
  it.skipIf(!hasPython || !hasProtoc)(
    'runs Infer, InferStream, Submit, WatchJob and health (skipped without python3-grpcio and protoc)',
    () => {
      const generated = mkdtempSync(join(tmpdir(), 'sluice-python-'))
      try {
        const health = join(root, 'node_modules', 'grpc-health-check', 'proto')
        execFileSync('protoc', [
          ...['-I', join(root, 'proto'), '-I', health, `--python_out=${generated}`],
          ...['sluice/v1/content.proto', 'sluice/v1/gateway.proto', 'health/v1/health.proto'],
        ])
        const printed = execFileSync(python, [
          join(root, 'test', 'e2e', 'clients', 'python', 'client.py'),
          address,
          generated,
        ])
        expect(JSON.parse(printed.toString())).toMatchObject({
          infer: { text: 'hello from python', model: 'echo-small', cost: expect.any(Number) },
          stream: {
            kinds: [
              'decision',
              'rung_started',
              'rung_finished',
              'rung_started',
              'text_delta',
              'text_delta',
              'rung_finished',
              'final',
            ],
            text: 'confidence=0.1 hard',
            final: 'echo-large',
          },
          job: { same: true, state: 'JOB_STATE_SUCCEEDED', rungs: ['echo-small', 'echo-large'] },
          health: 'SERVING',
          bad: { status: 'INVALID_ARGUMENT', message: expect.stringContaining('content: expected at least one part') },
        })
      } finally {
        rmSync(generated, { recursive: true, force: true })
      }
    },
    60_000,
  )
})

describe('buf curl through reflection', () => {
  const call = (method: string, body: object): unknown[] => {
    const buf = join(root, 'node_modules', '.bin', 'buf')
    const flags = ['curl', '--http2-prior-knowledge', '--protocol', 'grpc', '--reflect', '-d', JSON.stringify(body)]
    // Away from the project, so that nothing but reflection can tell buf what there is.
    const printed = execFileSync(buf, [...flags, `http://${address}/${method}`], { cwd: tmpdir() }).toString()
    return JSON.parse(`[${printed.replaceAll(/\}\s*\{/gu, '},{')}]`)
  }
  const request = (text: string): object => ({ task: 'TASK_GENERATE', content: [{ text }] })

  it('runs Infer', () => {
    expect(call('sluice.v1.Gateway/Infer', request('hello'))).toMatchObject([{ output: { text: 'hello' } }])
  })

  it('runs InferStream', () => {
    const events = call('sluice.v1.Gateway/InferStream', request('confidence=0.1 hard'))
    expect(events.at(0)).toHaveProperty('decision.ladder')
    expect(events.at(-1)).toMatchObject({ final: { model: 'echo-large' } })
  })

  it('runs Submit and WatchJob', () => {
    const [job] = call('sluice.v1.Gateway/Submit', { request: request('job') })
    const jobId = (job as { jobId: string }).jobId
    expect(call('sluice.v1.Gateway/WatchJob', { jobId }).at(-1)).toMatchObject({ state: 'JOB_STATE_SUCCEEDED' })
  })

  it('runs health', () => {
    expect(call('grpc.health.v1.Health/Check', {})).toEqual([{ status: 'SERVING' }])
  })
})
