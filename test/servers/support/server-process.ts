import { spawn } from 'node:child_process'
import { request } from 'undici'
import { freePort } from '#services/cli/system/private-redis'
import { until } from '../../support/gateway.ts'

/** A real model server as a process of this machine. */
export interface ServerProcess {
  /** `host:port` of its HTTP, and of its gRPC where it has one. */
  readonly http: string
  readonly grpc: string
  /** What it has written so far. */
  log(): string
  /** Stops it and waits for its end. */
  end(signal?: NodeJS.Signals): Promise<void>
  /** Starts it again on the same ports, after `end`. */
  again(): Promise<void>
}

/** How it is started. */
export interface ServerCommand {
  readonly command: string
  /** Gets the ports of HTTP and gRPC. */
  readonly parameters: (http: number, grpc: number) => readonly string[]
  readonly environment?: (http: number, grpc: number) => Readonly<Record<string, string>>
  readonly cwd?: string
  /** Answers 200 when it is ready. */
  readonly readyPath: string
  readonly readyWithinMs?: number
}

/** Starts a server on free ports of this machine alone and waits until it is ready. */
export async function startServer(order: ServerCommand): Promise<ServerProcess> {
  const [http, grpc] = [await freePort(), await freePort()]
  let log = ''
  let end: ServerProcess['end'] = async () => {}
  const start = async (): Promise<void> => {
    // A group of its own, since some start processes of theirs.
    const child = spawn(order.command, order.parameters(http, grpc), {
      cwd: order.cwd,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...offline, ...order.environment?.(http, grpc) },
    })
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => (log += piece.toString()))
    const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
    let isOver = false
    void exited.then(() => (isOver = true))
    end = async (signal = 'SIGTERM') => {
      const killAll = (how: NodeJS.Signals): void => {
        try {
          if (child.pid !== undefined) process.kill(-child.pid, how)
        } catch {
          // It has ended by itself.
        }
      }
      killAll(signal)
      const timer = setTimeout(() => killAll('SIGKILL'), 10_000)
      await exited
      clearTimeout(timer)
      killAll('SIGKILL')
    }
    const ready = async (): Promise<boolean> => {
      if (isOver) return true
      const { statusCode, body } = await request(`http://127.0.0.1:${http}${order.readyPath}`)
      await body.dump()
      return statusCode === 200
    }
    try {
      await until(`${order.command} to be ready`, ready, value => value, order.readyWithinMs ?? 300_000)
    } catch (error) {
      await end('SIGKILL')
      throw new Error(`${String(error)}\n${log.slice(-4000)}`, { cause: error })
    }
    if (isOver) throw new Error(`${order.command} ended before it was ready:\n${log.slice(-4000)}`)
  }
  await start()
  return {
    http: `127.0.0.1:${http}`,
    grpc: `127.0.0.1:${grpc}`,
    log: () => log,
    end: signal => end(signal),
    again: start,
  }
}

/** No server looks for weights, or tells of its use, outside this machine. One thread each: more would spin. */
const offline = {
  HF_HUB_OFFLINE: '1',
  TRANSFORMERS_OFFLINE: '1',
  VLLM_NO_USAGE_STATS: '1',
  DO_NOT_TRACK: '1',
  OMP_NUM_THREADS: '1',
  OMP_WAIT_POLICY: 'passive',
}
