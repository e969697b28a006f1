// Until something can be used: the command line's help against a bare Node process, and a router of the deployed
// configuration from its start to `ready`, with the packs on the disk and Redis up.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadConfig } from '../../../dist/services/config/load-config.js'
import { quantile } from '../measure/system.mjs'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Starts each over and over, by turns. */
export async function run({ quick = false } = {}) {
  const turns = quick ? 3 : 15
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  const socket = join(folder, 'redis.sock')
  const redis = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--save', ''], { stdio: 'ignore' })
  process.once('exit', () => redis.kill('SIGKILL'))
  const environment = loadConfig().childEnvironment({
    'listen.grpc': '127.0.0.1:0',
    'listen.ops': '127.0.0.1:0',
    'redis.url': `unix://${socket}`,
  })
  const times = { help: [], node: [], router: [] }
  try {
    for (let turn = 0; turn <= turns; turn += 1) {
      const help = await untilEnd([join(root, 'bin', 'sluice.js'), '--help'])
      const node = await untilEnd(['--eval', '0'])
      const router = await untilReady(environment)
      // The first turn fills the caches of the disk.
      if (turn === 0) continue
      times.help.push(help)
      times.node.push(node)
      times.router.push(router)
    }
  } finally {
    redis.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  const row = (metric, ours, target) => ({
    metric,
    unit: 'ms',
    ours: quantile(ours, 0.5),
    counterpart: quantile(times.node, 0.5),
    counterpartName: 'node --eval 0',
    target,
    targetOf: 'ours',
    n: turns,
  })
  return [
    row('sluice --help, p50', times.help, '<= 150 ms'),
    row('router until ready, p50', times.router, '<= 1000 ms'),
  ]
}

async function untilEnd(parameters) {
  const startedAt = performance.now()
  const child = spawn(process.execPath, parameters, { stdio: 'ignore' })
  await new Promise(resolve => child.once('exit', resolve))
  return performance.now() - startedAt
}

async function untilReady(env) {
  const startedAt = performance.now()
  const main = join(root, 'dist', 'services', 'router', 'main.js')
  const child = spawn(process.execPath, [main], { stdio: ['ignore', 'ignore', 'pipe'], env })
  const ended = new Promise(resolve => child.once('exit', resolve))
  let log = ''
  const readyAt = await new Promise((resolve, reject) => {
    child.once('exit', code => reject(new Error(`the router ended with ${code}:\n${log}`)))
    child.stderr.on('data', piece => {
      log += piece.toString()
      if (log.includes('router is ready')) resolve(performance.now())
    })
  })
  child.kill('SIGKILL')
  await ended
  return readyAt - startedAt
}
