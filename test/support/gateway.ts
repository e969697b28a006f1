import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { freePort } from '#services/cli/system/private-redis'
import { serviceFlags } from '#services/platform/process/service-flags'
import { openClient, type GatewayClient } from './grpc-client.ts'

/** The folder of the project. */
const projectRoot = fileURLToPath(new URL('../..', import.meta.url))

/** One process of a gateway, as the system started it. */
export interface GatewayProcess {
  readonly name: string
  readonly pid: number
  /** What it wrote, line by line. */
  readonly lines: readonly string[]
  /** Its exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>
  kill(signal: NodeJS.Signals): void
}

/** A router and workers, each a real process, on ports and a folder of their own. */
export interface TestGateway {
  readonly address: string
  readonly httpUrl: string
  readonly opsUrl: string
  /** The file that its processes, and commands beside them, are configured by. */
  readonly configFile: string
  readonly client: GatewayClient
  startRouter(): Promise<GatewayProcess>
  startWorker(pool: string): Promise<GatewayProcess>
  /** Kills what is left of the processes at once. */
  stop(): Promise<void>
}

/** The configuration without the addresses, which the gateway picks itself. */
export type TestConfig = Readonly<Record<string, unknown>>

/** Makes the ports, the configuration file and the client; starts nothing yet. */
export async function createTestGateway(config: TestConfig, redisUrl: string): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-e2e-'))
  const address = `127.0.0.1:${await freePort()}`
  const http = `127.0.0.1:${await freePort()}`
  const ops = `127.0.0.1:${await freePort()}`
  const file = join(folder, 'sluice.yaml')
  const redis = { prefix: 'e2e', ...(config['redis'] as object | undefined), url: redisUrl }
  // JSON is YAML too.
  const listen = { ...(config['listen'] as object | undefined), grpc: address, http, ops }
  writeFileSync(file, JSON.stringify({ ...config, redis, listen }))
  const running = new Set<GatewayProcess>()
  const client = openClient(address)

  const start = async (service: 'router' | 'worker', parameters: readonly string[]): Promise<GatewayProcess> => {
    const path = join(projectRoot, 'dist', 'services', service, 'main.js')
    const { process: started, ready } = launch(service, [
      ...serviceFlags,
      path,
      '--config',
      file,
      '--supervised',
      ...parameters,
    ])
    running.add(started)
    void started.exited.then(() => running.delete(started))
    await ready
    return started
  }

  return {
    address,
    httpUrl: `http://${http}`,
    opsUrl: `http://${ops}`,
    configFile: file,
    client,
    startRouter: () => start('router', []),
    startWorker: pool => start('worker', ['--pool', pool]),
    async stop() {
      client.close()
      const left = [...running]
      for (const one of left) one.kill('SIGKILL')
      await Promise.all(left.map(one => one.exited))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface Launched {
  readonly process: GatewayProcess
  /** Resolves at its line `ready`; rejects with what it wrote when it ends before. */
  readonly ready: Promise<void>
}

/** Starts a program of the project with Node. */
function launch(name: string, parameters: readonly string[], environment = process.env): Launched {
  const child = spawn(process.execPath, [...parameters], { stdio: ['pipe', 'pipe', 'pipe'], env: environment })
  const lines: string[] = []
  const exited = new Promise<number | NodeJS.Signals>(resolve => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'SIGKILL'))
  })
  const ready = new Promise<void>((resolve, reject) => {
    readLines(child, line => {
      lines.push(line)
      if (/^ready\b/u.test(line)) resolve()
    })
    void exited.then(how => reject(new Error(`${name} ended with ${how} before it was ready:\n${lines.join('\n')}`)))
  })
  const kill = (signal: NodeJS.Signals): void => void child.kill(signal)
  return { process: { name, pid: child.pid ?? 0, lines, exited, kill }, ready }
}

function readLines(child: ChildProcess, onLine: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', onLine)
  }
}

/**
 * Asks again and again until the answer is the one waited for; for what tells no event across processes.
 * An asking that fails is asked again: what is waited for may be about to start, or to come back.
 */
export async function until<Value>(
  what: string,
  ask: () => Promise<Value>,
  is: (value: Value) => boolean,
  withinMs = 30_000,
): Promise<Value> {
  const giveUpAt = performance.now() + withinMs
  for (;;) {
    const asked = await ask().then(
      value => ({ value }),
      (error: unknown) => ({ error }),
    )
    if ('value' in asked && is(asked.value)) return asked.value
    if (performance.now() > giveUpAt) {
      const last = 'value' in asked ? inspect(asked.value) : String(asked.error)
      throw new Error(`${what} did not come within ${withinMs} ms: the last was ${last}`.slice(0, 2000))
    }
    await new Promise(resolve => setTimeout(resolve, 25))
  }
}

/** Asks again and again until it is so, as {@link until} does. */
export async function untilTrue(holds: () => Promise<boolean>, withinMs?: number): Promise<void> {
  await until(holds.toString(), holds, value => value, withinMs)
}
