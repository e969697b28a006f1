import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import { freePort } from '#services/cli/system/private-redis'
import { connect, startProcess, textRequest, type RunningProcess, type TestClient } from '../support/processes.ts'

const hasServer = ['redis-server', 'redis-cli'].every(name => spawnSync(name, ['--version']).status === 0)
let folder = ''
let nodes: { port: number; child: ChildProcess }[] = []
let running: RunningProcess[] = []
let client: TestClient

/** Three masters on ports of their own; each wants a second port, 10,000 above, for the cluster's own talk. */
async function startCluster(): Promise<string> {
  folder = mkdtempSync(join(tmpdir(), 'sluice-cluster-'))
  while (nodes.length < 3) {
    const port = await freePort()
    if (port > 55_000 || nodes.some(node => node.port === port)) continue
    const data = join(folder, String(port))
    mkdirSync(data)
    const flags = [
      '--port',
      String(port),
      '--dir',
      data,
      '--save',
      '',
      '--cluster-enabled',
      'yes',
      '--cluster-node-timeout',
      '2000',
    ]
    nodes.push({ port, child: spawn('redis-server', flags, { stdio: 'ignore' }) })
  }
  const hosts = nodes.map(node => `127.0.0.1:${node.port}`)
  for (const { port } of nodes) {
    const probe = new Redis(port, { retryStrategy: () => 50, maxRetriesPerRequest: null })
    await probe.ping()
    probe.disconnect()
  }
  execFileSync('redis-cli', ['--cluster', 'create', ...hosts, '--cluster-yes'])
  const info = (): string => execFileSync('redis-cli', ['-p', String(nodes[0]?.port), 'cluster', 'info']).toString()
  while (!info().includes('cluster_state:ok')) await new Promise(resolve => setTimeout(resolve, 100))
  return `cluster://${hosts.join(',')}`
}

describe.skipIf(!hasServer)(
  'on a Redis Cluster of three masters (skipped without redis-server and redis-cli on PATH)',
  () => {
    beforeAll(async () => {
      const environment = { SLUICE_TEST_REDIS: await startCluster() }
      const config = ['--config', join(packageRoot(), 'test', 'e2e', 'config', 'echo.yaml')]
      running = await Promise.all([
        startProcess('worker', [...config, '--pool', 'small'], environment),
        startProcess('worker', [...config, '--pool', 'large'], environment),
      ])
      const router = await startProcess('router', config, environment)
      running.push(router)
      client = connect(String(router.ready['grpc']))
    }, 60_000)
    afterAll(async () => {
      client.close()
      await Promise.all(running.map(one => one.end('SIGKILL')))
      for (const { child } of nodes) child.kill('SIGKILL')
      nodes = []
      rmSync(folder, { recursive: true, force: true })
    })

    it('climbs, whatever slots the keys of a request fall into', async () => {
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          client.infer(textRequest(`confidence=0.1 ${index}`), { deadlineMs: 10_000 }),
        ),
      )
      expect(answers.flatMap(one => one.failure ?? [])).toEqual([])
      expect(answers.every(one => one.answer?.model === 'echo-large')).toBe(true)
    })

    it('runs a job to its end and answers a repeated key with it', async () => {
      const request = textRequest('confidence=0.1 job', { idempotencyKey: 'k' })
      const [first, again] = [await client.submit(request), await client.submit(request)]
      expect(again.answer?.jobId).toBe(first.answer?.jobId)
      const watched = await client.watch(first.answer?.jobId ?? '')
      expect(watched.answer?.at(-1)?.state).toBe('JOB_STATE_SUCCEEDED')
    })
  },
)
