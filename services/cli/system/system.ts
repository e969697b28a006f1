import { createServer } from 'node:net'
import { join } from 'node:path'
import type { LoadedConfig, Overrides } from '#services/config/load-config'
import { GatewayError } from '#services/contract/errors'
import { sleep } from '#services/platform/process/every'
import { serviceFlags } from '#services/platform/process/service-flags'
import { startPrivateRedis, type PrivateRedis } from './private-redis.ts'
import { supervise, type ProcessEvents, type Supervised } from './supervise.ts'

/** A whole Sluice on this machine: Redis where none is configured, a router, one worker a pool. */
export interface System {
  /** The Redis that was started, if one was. */
  readonly redis: PrivateRedis | undefined
  /**
   * host:port of the HTTP port; `undefined` where it is off, or where no port was configured and the default is in
   * use.
   */
  readonly http: string | undefined
  /** Ends everything in order: the router drains first, so that what it accepted is answered. */
  stop(): Promise<void>
  /** Ends everything now. */
  kill(): void
}

/** What starting needs beside the configuration. */
export interface SystemOptions {
  /** Folder that a private Redis keeps its file in. */
  readonly redisFolder: string
  /** Where the built services are. */
  readonly servicesFolder: string
}

const drainGraceMs = 160_000
const readyTimeoutMs = 180_000
const pollEveryMs = 100

/**
 * Starts a system and waits until its router is ready.
 * @throws GatewayError Config when a port is taken or a process cannot start; nothing is left running then
 */
export async function startSystem(
  loaded: LoadedConfig,
  options: SystemOptions,
  events: ProcessEvents,
  signal: AbortSignal,
): Promise<System> {
  const { config, places } = loaded
  await demandFree('listen.grpc', config.listen.grpc)
  await demandFree('listen.ops', config.listen.ops)
  const http = await httpAddressOf(config.listen.http)

  const redis =
    config.redis.url === ''
      ? await startPrivateRedis({ folder: options.redisFolder, path: places.path }, events)
      : undefined
  const overrides: Overrides = {
    ...(http === undefined ? { 'listen.http': 'off' } : {}),
    ...(redis === undefined ? {} : { 'redis.url': redis.url }),
  }
  const environment = loaded.childEnvironment(overrides)
  const start = (name: string, service: string, ...parameters: string[]): Supervised =>
    supervise(
      {
        name,
        command: process.execPath,
        parameters: [...serviceFlags, join(options.servicesFolder, service, 'main.js'), '--supervised', ...parameters],
        environment,
        ready: 'line',
      },
      events,
    )
  const workers = Object.keys(config.pools).map(pool => start(`worker ${pool}`, 'worker', '--pool', pool))
  const router = start('router', 'router')
  const system: System = {
    redis,
    http,
    async stop() {
      await router.stop(drainGraceMs)
      await Promise.all(workers.map(worker => worker.stop(drainGraceMs)))
      await redis?.stop()
    },
    kill() {
      for (const process of [router, ...workers]) process.kill()
      redis?.kill()
    },
  }
  try {
    const ready = async (): Promise<void> => {
      await Promise.all([router.ready, ...workers.map(worker => worker.ready)])
      await whenRouterReady(config.listen.ops, signal)
    }
    await Promise.race([ready(), whenAborted(signal)])
  } catch (error) {
    system.kill()
    throw error
  }
  return system
}

/** The address of the HTTP port where none is configured. */
const usualHttpAddress = '127.0.0.1:8080'

/** Where the HTTP port will be. @throws GatewayError Config when a configured port is taken */
async function httpAddressOf(configured: string | undefined): Promise<string | undefined> {
  if (configured === 'off') return undefined
  if (configured === undefined) return (await faultOf(usualHttpAddress)) === undefined ? usualHttpAddress : undefined
  await demandFree('listen.http', configured)
  return configured
}

/** Fails with a clear message, before anything starts, when the port is in use. */
async function demandFree(name: string, address: string): Promise<void> {
  const fault = await faultOf(address)
  if (fault === undefined) return
  const why =
    fault.code === 'EADDRINUSE'
      ? `something listens there already, perhaps another Sluice. To run a second one beside it, give it addresses of its own: SLUICE_SET="listen.grpc=127.0.0.1:50052 listen.ops=127.0.0.1:9465 listen.http=127.0.0.1:8081" npm start`
      : fault.message
  throw new GatewayError('Config', `${name} ${address}: ${why}`)
}

/** Why an address cannot be listened on; `undefined` where it can. */
async function faultOf(address: string): Promise<NodeJS.ErrnoException | undefined> {
  const at = address.lastIndexOf(':')
  const server = createServer()
  const fault = await new Promise<NodeJS.ErrnoException | undefined>(resolve => {
    server.once('error', resolve)
    server.listen(Number(address.slice(at + 1)), address.slice(0, at), () => resolve(undefined))
  })
  if (fault !== undefined) return fault
  await new Promise(resolve => {
    server.close(resolve)
  })
  return undefined
}

/** Rejects when the signal aborts the start. */
function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abandon = (): void => reject(new GatewayError('Cancelled', 'stopped while it was starting'))
    if (signal.aborted) abandon()
    else signal.addEventListener('abort', abandon, { once: true })
  })
}

async function whenRouterReady(opsAddress: string, signal: AbortSignal): Promise<void> {
  const giveUpAt = Date.now() + readyTimeoutMs
  for (;;) {
    const answer = await askReadiness(opsAddress)
    if (answer === 'ok' || signal.aborted) return
    if (Date.now() > giveUpAt) throw new GatewayError('Config', `not ready after ${readyTimeoutMs / 1000} s: ${answer}`)
    await sleep(pollEveryMs)
  }
}

async function askReadiness(opsAddress: string): Promise<string> {
  try {
    const response = await fetch(`http://${opsAddress}/readyz`, { signal: AbortSignal.timeout(2000) })
    const text = await response.text()
    return response.ok ? 'ok' : text.trim()
  } catch {
    // It does not listen yet, or starts again.
    return 'the router does not answer'
  }
}
