import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { extract } from 'tar'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import {
  AlreadyExistsError,
  createSluiceClient,
  InvalidRequestError,
  NoModelError,
  NotFoundError,
  UnauthenticatedError,
  type InferRequest,
  type SluiceClient,
} from '../../../clients/typescript/src/main.ts'
import { startForwarder } from '../../support/faults/forwarder.ts'
import { until } from '../../support/gateway.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import { startProcess, type RunningProcess } from '../../support/processes.ts'

let redis: PrivateRedis
let running: RunningProcess[] = []
let address: string
let client: SluiceClient

beforeAll(async () => {
  redis = await startPrivateRedis()
  const config = ['--config', join(root, 'test', 'e2e', 'config', 'echo.yaml')]
  const environment = { SLUICE_TEST_REDIS: redis.url }
  running = await Promise.all([
    startProcess('worker', [...config, '--pool', 'small'], environment),
    startProcess('worker', [...config, '--pool', 'large'], environment),
    startProcess('router', config, environment),
  ])
  address = String(running[2]?.ready['grpc'])
  client = createSluiceClient({ address, apiKey: 'right-key' })
  await until(
    'the workers',
    () => client.listModels(),
    models => models.every(({ state }) => (state?.workers ?? 0) > 0),
  )
})
afterAll(async () => {
  client?.close()
  await Promise.all(running.map(one => one.end('SIGKILL')))
  await redis?.stop()
})

const root = packageRoot()
const clientFolder = join(root, 'clients', 'typescript')

/** Packs the client as it would be published, and puts it into a project; gives its files. */
function unpackClient(project: string): readonly string[] {
  const words = ['pack', '--json', '--ignore-scripts', '--pack-destination', project]
  const packed = JSON.parse(execFileSync('npm', words, { cwd: clientFolder, encoding: 'utf8' })) as [PackedPackage]
  const target = join(project, 'node_modules', '@sluice', 'client')
  mkdirSync(target, { recursive: true })
  extract({ file: join(project, packed[0].filename), cwd: target, strip: 1, sync: true })
  for (const name of ['@grpc', '@types', 'long', 'protobufjs', 'undici-types'])
    symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name))
  writeFileSync(join(project, 'package.json'), '{"type":"module"}')
  return packed[0].files.map(({ path }) => path)
}

interface PackedPackage {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

const request = (text: string): InferRequest => ({ task: 'TASK_GENERATE', content: [{ text }] })

describe('the client in TypeScript before a running gateway', () => {
  it('asks', async () => {
    const answer = await client.infer(request('hello'), { deadlineMs: 10_000 })
    expect(answer).toMatchObject({ output: { text: 'hello' }, model: 'echo-small', degraded: false })
    expect(answer.costNanoUsd).toBeGreaterThan(0)
    const { decision } = await client.explain(request('hello'))
    expect(decision?.ladder).toEqual(['echo-small', 'echo-large'])
  })

  it('streams', async () => {
    const kinds: (string | undefined)[] = []
    let text = ''
    for await (const { event, textDelta } of client.inferStream(request('confidence=0.1 hard'))) {
      kinds.push(event)
      text += textDelta?.text ?? ''
    }
    expect(kinds.filter((kind, index) => kind !== kinds[index - 1])).toEqual([
      'decision',
      'rungStarted',
      'rungFinished',
      'rungStarted',
      'textDelta',
      'rungFinished',
      'final',
    ])
    expect(text).toBe('confidence=0.1 hard')
  })

  it('submits a job once, and watches it to its end', async () => {
    const asked = { ...request('confidence=0.1 job'), idempotencyKey: 'job-1' }
    const job = await client.submit(asked)
    expect((await client.submit(asked)).jobId).toBe(job.jobId)
    const states: string[] = []
    for await (const { state } of client.watchJob(job.jobId)) states.push(state)
    expect(states.at(-1)).toBe('JOB_STATE_SUCCEEDED')
    expect((await client.getJob(job.jobId)).response?.model).toBe('echo-large')
    expect((await client.listJobs()).map(({ jobId }) => jobId)).toEqual([job.jobId])
    const other = await client.submit(request('delay=20000 confidence=0.1 long'))
    expect((await client.cancelJob(other.jobId)).state).toBe('JOB_STATE_CANCELLED')
  })

  it('pays a call once whose connection is cut while it runs', async () => {
    const forwarder = await startForwarder(address)
    const unlucky = createSluiceClient({ address: forwarder.address, apiKey: 'right-key' })
    const day = async () => (await client.getBudget()).budgets.find(({ scope }) => scope === 'tenant:day')
    const isIdle = (budget: Awaited<ReturnType<typeof day>>): boolean => budget?.reservedNanoUsd === 0
    const before = await until('the calls before', day, isIdle)
    const call = unlucky.infer(request('delay=1500 once'))
    await until('the call at work', day, budget => !isIdle(budget))
    forwarder.reset()
    const answer = await call
    expect(answer.output?.text).toBe('delay=1500 once')
    const after = await until('the end of the call', day, isIdle)
    expect((after?.spentNanoUsd ?? 0) - (before?.spentNanoUsd ?? 0)).toBe(answer.costNanoUsd)
    unlucky.close()
    await forwarder.close()
  })

  it('throws errors of their class', async () => {
    await expect(client.infer({})).rejects.toThrow(InvalidRequestError)
    await expect(client.infer({})).rejects.toMatchObject({ fields: [{ field: 'content' }] })
    await expect(client.getJob('nobody')).rejects.toThrow(NotFoundError)
    await client.infer({ ...request('one'), idempotencyKey: 'same' })
    await expect(client.infer({ ...request('two'), idempotencyKey: 'same' })).rejects.toThrow(AlreadyExistsError)
    await expect(client.infer({ task: 'TASK_TRANSCRIBE', content: [{ text: 'x' }] })).rejects.toThrow(NoModelError)
    const stranger = createSluiceClient({ address, apiKey: 'wrong' })
    await expect(stranger.listModels()).rejects.toThrow(UnauthenticatedError)
    stranger.close()
  })

  it('runs the example of its README as it is packed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-packed-'))
    try {
      const files = unpackClient(folder)
      expect(files.filter(file => !/^(?:dist|proto)\//u.test(file)).toSorted()).toEqual([
        'LICENSE',
        'NOTICE',
        'README.md',
        'package.json',
      ])
      expect(files.filter(file => /tsbuildinfo|\.tsx?$/u.test(file) && !file.endsWith('.d.ts'))).toEqual([])
      const example = /```ts\n([\s\S]*?)```/u.exec(readFileSync(join(clientFolder, 'README.md'), 'utf8'))?.[1] ?? ''
      writeFileSync(join(folder, 'example.ts'), example.replace('127.0.0.1:50051', address))
      const run = (path: string, ...words: readonly string[]): string =>
        execFileSync(process.execPath, [path, ...words], {
          cwd: folder,
          encoding: 'utf8',
          env: { ...process.env, SLUICE_API_KEY: 'right-key' },
        })
      const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
      run(compiler, '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node', 'example.ts')
      const printed = run('example.js')
      expect(printed).toMatch(/^Which gas do plants take in\? echo-small 0\.9 \d+\nWhich gas do plants take in\?/u)
      expect(printed).toContain('JOB_STATE_SUCCEEDED 1')
      expect(printed).toMatch(/subject: 'request'[\s\S]*\] undefined\n$/u)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('needs the versions that it is tested with', () => {
    const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as { dependencies: Record<string, string> }
    const { dependencies } = read(join(clientFolder, 'package.json'))
    const tested = read(join(root, 'package.json')).dependencies
    expect(Object.entries(dependencies)).toEqual(Object.keys(dependencies).map(name => [name, `^${tested[name]}`]))
  })

  it('tells feedback', async () => {
    const { requestId } = await client.infer(request('good'))
    await client.sendFeedback({ requestId, score: 1 })
    await expect(client.sendFeedback({ requestId, score: 2 })).rejects.toThrow(InvalidRequestError)
  })
})
