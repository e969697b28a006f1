import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import type { LoadedConfig } from '#services/config/load-config'
import type { OpenOps, Readiness } from '#services/platform/telemetry/ops-server'
import type { Service } from '#services/platform/process/run-service'
import { composeTls } from '../authentication.ts'
import { openPort, type GrpcServices } from './grpc-server.ts'
import { openHttpPort, type HttpServices } from './http-server.ts'

/** host:port of each port of a router; `off` where it is closed. */
export interface RouterAddresses {
  readonly grpc: string
  readonly http: string
  readonly ops: string
}

/** A router that takes calls. */
export interface Router extends Service {
  readonly name: string
  readonly addresses: RouterAddresses
}

/** The ports of a router: clients' two, and the operators' one. */
export interface Ports {
  /** host:port of each, with the ports that were really taken. */
  readonly addresses: RouterAddresses
  /**
   * Takes no new calls; resolves when those under way have ended. Those that have not after `graceMs` are ended by
   * `endCalls`.
   */
  drain(graceMs: number, endCalls: () => void): Promise<void>
  /** Closes what a drain leaves open: the operators' port. */
  close(): Promise<void>
}

/** What the ports answer from. */
export interface PortServices {
  readonly grpc: GrpcServices
  readonly http: HttpServices
  readonly registry: Registry
  readonly readiness: Readiness
  readonly openOps: OpenOps
}

/** Opens them. @throws GatewayError Config when one cannot be had */
export async function openPorts(
  loaded: LoadedConfig,
  { grpc, http, registry, readiness, openOps }: PortServices,
  logger: Logger,
): Promise<Ports> {
  const tls = await composeTls(loaded.config, logger)
  const grpcServer = await openPort(loaded, grpc, tls)
  const httpServer = await openHttpPort(loaded, http, tls, logger)
  grpcServer.setServing(true)
  const ops = await openOps(loaded.config.listen.ops, registry, readiness)
  return {
    addresses: { grpc: grpcServer.address, http: httpServer?.address ?? 'off', ops: ops.address },
    async drain(graceMs, endCalls) {
      grpcServer.setServing(false)
      await Promise.all([grpcServer.drain(graceMs, endCalls), httpServer?.drain(graceMs, endCalls)])
    },
    async close() {
      await tls?.stop()
      await ops.close()
    },
  }
}
