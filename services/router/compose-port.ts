import type { UntypedServiceImplementation } from '@grpc/grpc-js'
import type { Logger } from 'pino'
import type { LoadedConfig } from '../shared/config/load-config.ts'
import { loadDescriptors } from '../shared/rpc/load-descriptors.ts'
import { loadServices, typesOf } from '../shared/rpc/load-proto.ts'
import { composeTls } from './compose-door.ts'
import { openRpcServer, type RpcServer } from './rpc/server.ts'

/** The port that clients and operators call, and what closes it for good. */
export interface Port {
  readonly server: RpcServer
  close(): Promise<void>
}

/** Opens the gRPC port of the configuration, with TLS where that is set. */
export async function openPort(
  { config, places }: LoadedConfig,
  handlers: { readonly gateway: UntypedServiceImplementation; readonly admin: UntypedServiceImplementation },
  logger: Logger,
): Promise<Port> {
  const types = typesOf(loadServices(places.root)).sluice.v1
  const tls = await composeTls(config, logger)
  const server = await openRpcServer(
    {
      address: config.listen.grpc,
      messageBytes: Math.floor(config.limits.messageMegabytes * 1e6),
      ...(tls === undefined ? {} : { credentials: tls.credentials }),
    },
    loadDescriptors(places.root),
    [
      { name: 'sluice.v1.Gateway', definition: types.Gateway.service, handlers: handlers.gateway },
      { name: 'sluice.v1.Admin', definition: types.Admin.service, handlers: handlers.admin },
    ],
  )
  return {
    server,
    async close() {
      await tls?.stop()
    },
  }
}
