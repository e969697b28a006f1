import {
  compressionAlgorithms,
  Server,
  ServerCredentials,
  type ServerInterceptor,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import type { PackageDefinition } from '@grpc/proto-loader'
import { ReflectionService } from '@grpc/reflection'
import { HealthImplementation } from 'grpc-health-check'
import { GatewayError } from '#services/contract/errors'
import { createEndlessStreams } from './endless-streams.ts'
import { announceShutdown, correctServers, spareClosingSessions } from './grpc-js-internals.ts'
import { takingAnyBytes } from './unreadable.ts'
import { exitReasonMs } from '#services/router/lifecycle/timings'

/** How the gRPC port is opened. */
export interface ServerOptions {
  readonly address: string
  readonly messageBytes: number
  /** How often an idle connection is asked whether its client is there. @default 20_000 */
  readonly keepaliveMs?: number
  /** Absent means plain text. */
  readonly credentials?: ServerCredentials
  /** Proves who calls before anything else is done. */
  readonly interceptor: ServerInterceptor
}

/** The gRPC port. */
export interface RpcServer {
  /** host:port, with the port that was really taken. */
  readonly address: string
  /** Reports to health watchers whether calls are served. */
  setServing(serving: boolean): void
  /**
   * Takes no new calls; resolves when those under way have ended. Those that have not after `graceMs` are ended by
   * `endCalls`.
   */
  drain(graceMs: number, endCalls: () => void): Promise<void>
}

/**
 * Connections are pinged so that dead peers are noticed within half a minute, and closed after an hour so that
 * clients spread again.
 */
const channelOptions = {
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_connection_age_ms': 3_600_000,
  'grpc.max_connection_age_grace_ms': 600_000,
  // Without a limit of its own, HTTP/2 lets one connection open four billion.
  'grpc.max_concurrent_streams': 1000,
  'grpc.default_compression_algorithm': compressionAlgorithms.identity,
} as const

/** Serves services with health and reflection beside them. @throws GatewayError Config when the address is taken */
export async function openRpcServer(
  {
    address,
    messageBytes,
    keepaliveMs = 20_000,
    interceptor,
    credentials = ServerCredentials.createInsecure(),
  }: ServerOptions,
  reflected: PackageDefinition,
  services: readonly {
    readonly definition: ServiceDefinition
    readonly handlers: UntypedServiceImplementation
    readonly name: string
  }[],
): Promise<RpcServer> {
  correctServers()
  const server = new Server({
    ...channelOptions,
    interceptors: [interceptor],
    'grpc.keepalive_time_ms': keepaliveMs,
    'grpc.max_receive_message_length': messageBytes,
    'grpc.max_send_message_length': messageBytes,
  })
  const names = ['', ...services.map(service => service.name)]
  const health = new HealthImplementation(Object.fromEntries(names.map(name => [name, 'NOT_SERVING' as const])))
  for (const service of services) server.addService(takingAnyBytes(service.definition), service.handlers)
  const endless = createEndlessStreams(server)
  health.addToServer(endless.server)
  new ReflectionService(reflected).addToServer(endless.server)
  const port = await bind(server, address, credentials)
  spareClosingSessions(server)
  return {
    address: `${address.slice(0, address.lastIndexOf(':'))}:${port}`,
    setServing(serving) {
      for (const name of names) health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING')
    },
    async drain(graceMs, endCalls) {
      const ending = setTimeout(endCalls, graceMs)
      await announceShutdown(server)
      const force = setTimeout(() => server.forceShutdown(), graceMs + exitReasonMs)
      await new Promise<void>(resolve => {
        server.tryShutdown(() => resolve())
        endless.end()
      })
      clearTimeout(ending)
      clearTimeout(force)
    },
  }
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) resolve(port)
      else {
        const why = /EADDRINUSE|address already in use|No address added/iu.test(error.message)
          ? 'it is in use; is another Sluice running? Set listen.grpc to another port'
          : error.message
        reject(new GatewayError('Config', `listen.grpc ${address}: ${why}`, {}, { cause: error }))
      }
    })
  })
}
