import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A redis-server of a test's own, on a unix socket in a folder of its own. */
export interface PrivateRedis {
  readonly url: string
  readonly socketPath: string
  /** Kills it as a power cut would. */
  kill(): Promise<void>
  /** Starts it again on its data. */
  restart(): Promise<void>
  /** Starts it again with nothing, as on a disk that is new. */
  restartEmpty(): Promise<void>
  stop(): Promise<void>
}

/** What the server is started with. */
export interface PrivateRedisOptions {
  readonly appendOnly?: boolean
}

/** Starts a server; `redis-server` or `valkey-server` must be on PATH, which the global set-up sees to. */
export async function startPrivateRedis({ appendOnly = false }: PrivateRedisOptions = {}): Promise<PrivateRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-redis-'))
  const socketPath = join(folder, 'redis.sock')
  let child: ChildProcess | undefined

  const start = async (): Promise<void> => {
    child = spawn(
      process.env['SLUICE_REDIS_SERVER'] ?? 'redis-server',
      Object.entries({
        port: '0',
        unixsocket: socketPath,
        dir: folder,
        save: '',
        appendonly: appendOnly ? 'yes' : 'no',
        appendfsync: 'always',
        'maxmemory-policy': 'noeviction',
      }).flatMap(([name, value]) => [`--${name}`, value]),
      { stdio: 'ignore' },
    )
    await untilListening(socketPath)
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const running = child
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
    const exited = new Promise(resolve => running.once('exit', resolve))
    running.kill(signal)
    await exited
  }

  await start()
  return {
    url: `unix://${socketPath}`,
    socketPath,
    kill: () => end('SIGKILL'),
    restart: start,
    async restartEmpty() {
      for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true })
      await start()
    },
    async stop() {
      await end('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function untilListening(socketPath: string): Promise<void> {
  const giveUpAt = Date.now() + 10_000
  while (!(await answers(socketPath))) {
    if (Date.now() > giveUpAt) throw new Error('the private Redis did not start within 10 s')
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

/** A server that loads its file answers PING with LOADING; it is up when it says PONG. */
function answers(socketPath: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(socketPath)
    socket.once('error', () => resolve(false))
    socket.once('data', data => {
      socket.destroy()
      resolve(data.toString().startsWith('+PONG'))
    })
    socket.once('connect', () => socket.write('PING\r\n'))
  })
}
