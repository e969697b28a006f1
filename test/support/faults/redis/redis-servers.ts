import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from '#services/cli/system/private-redis'

/** One real redis-server (or Sentinel) on a TCP port. */
export interface RedisServer {
  readonly port: number
  readonly host: string
  /** A connection of the test's own. */
  readonly control: Redis
  signal(signal: NodeJS.Signals): void
  /** Starts it again on its data. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Settings as redis-server takes them on its command line. */
export type RedisSettings = Readonly<Record<string, string | number>>

/** A folder for data that ends with the test. */
export function makeFolder(name: string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `sluice-${name}-`))
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }) }
}

/** A port whose neighbour 10,000 above is free for the talk of a cluster. */
export async function clusterPort(): Promise<number> {
  for (;;) {
    const port = await freePort()
    if (port < 55_000) return port
  }
}

/** How a server is started. */
export interface RedisServerOptions {
  readonly folder: string
  readonly settings?: RedisSettings
  readonly port?: number
  readonly host?: string
  /** What comes before the command, such as `ip netns exec NAME`. */
  readonly within?: readonly string[]
  /** `--sentinel` and its file. */
  readonly file?: readonly string[]
}

/** Starts a server and waits until it answers. */
export async function startRedisServer(options: RedisServerOptions): Promise<RedisServer> {
  const { folder, settings = {}, host = '127.0.0.1', within = [], file = [] } = options
  const port = options.port ?? (await clusterPort())
  const data = join(folder, String(port))
  mkdirSync(data, { recursive: true })
  const flags = Object.entries({
    port,
    dir: data,
    save: '',
    appendonly: 'no',
    'protected-mode': 'no',
    'repl-diskless-sync-delay': 0,
    ...settings,
  }).flatMap(([name, value]) => [`--${name}`, String(value)])
  const program = process.env['SLUICE_REDIS_SERVER'] ?? 'redis-server'
  let child: ChildProcess
  const start = async (): Promise<void> => {
    const [command = '', ...parameters] = [...within, program, ...file, ...(file.length > 0 ? [] : flags)]
    child = spawn(command, parameters, { stdio: 'ignore' })
    for (;;) {
      if ((await control.ping().catch(() => '')) === 'PONG') return
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`)
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }
  const control = new Redis({
    host,
    port,
    retryStrategy: () => 50,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    connectTimeout: 1000,
    socketTimeout: 2000,
  })
  control.on('error', ignore)
  await start()
  return {
    port,
    host,
    control,
    signal: signal => void child.kill(signal),
    restart: start,
    async stop() {
      control.disconnect()
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = new Promise(resolve => child.once('exit', resolve))
      child.kill('SIGKILL')
      await exited
    },
  }
}

function ignore(): void {}
