import { credentials } from '@grpc/grpc-js'
import { fork, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadServices, typesOf } from '../../../../dist/services/wire/load-proto.js'

const types = typesOf(loadServices(fileURLToPath(new URL('../../../..', import.meta.url)))).sluice.v1

/** Starts a Redis, the barest router and the barest worker, each a process; the same face as `startSystem`. */
export async function startBareSystem() {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bare-'))
  const socket = join(folder, 'redis.sock')
  const redis = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--save', ''], { stdio: 'ignore' })
  await new Promise(resolve => setTimeout(resolve, 500))
  const file = fileURLToPath(new URL('bare.mjs', import.meta.url))
  const start = async role => {
    const child = fork(file, [role, socket], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    const told = await new Promise((resolve, reject) => {
      child.once('message', resolve).once('exit', code => reject(new Error(`${role} ended with ${code}`)))
    })
    return { child, told }
  }
  const [router, worker] = await Promise.all([start('router'), start('worker')])
  const children = [redis, router.child, worker.child]
  process.once('exit', () => {
    for (const child of children) child.kill('SIGKILL')
  })
  const clients = []
  return {
    redisSocket: socket,
    pids: { router: router.child.pid, worker: worker.child.pid, redis: redis.pid },
    connect() {
      const options = { 'grpc.use_local_subchannel_pool': 1 }
      const client = new types.Gateway(router.told.address, credentials.createInsecure(), options)
      clients.push(client)
      return client
    },
    async stop() {
      for (const client of clients) client.close()
      for (const child of children) child.removeAllListeners('exit').kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
