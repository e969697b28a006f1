import type { ServerInterceptor, UntypedServiceImplementation } from '@grpc/grpc-js'
import type { LoadedConfig } from '#services/config/load-config'
import { loadDescriptors } from '#services/wire/load-descriptors'
import { loadServices, typesOf } from '#services/wire/load-proto'
import { softwareVersion } from '#services/platform/process/software-version'
import type { RotatingCredentials } from '#services/router/edge/grpc/tls/rotating-credentials'
import { createGatewayService, type GatewayDependencies } from '#services/router/edge/grpc/gateway-service'
import { createIndexesService, type IndexesServiceDependencies } from '#services/router/edge/grpc/indexes-service'
import { createInferenceService } from '#services/router/edge/grpc/inference/inference-service'
import { openRpcServer, type RpcServer } from '#services/router/edge/grpc/server'

/** What the gRPC port answers from. */
export interface GrpcServices {
  readonly gateway: GatewayDependencies
  readonly retrieval: Pick<IndexesServiceDependencies, 'indexes' | 'ingests'>
  /** Label sets that some model has heads for. */
  readonly labelSets: ReadonlySet<string>
  readonly admin: UntypedServiceImplementation
  readonly interceptor: ServerInterceptor
}

/** Opens the gRPC port of the configuration, with TLS where that is set. */
export async function openPort(
  { config, places }: LoadedConfig,
  services: GrpcServices,
  tls: RotatingCredentials | undefined,
): Promise<RpcServer> {
  const { sluice, inference } = typesOf(loadServices(places.root))
  const { Gateway, Admin, Indexes } = sluice.v1
  const version = softwareVersion(places.root)
  return openRpcServer(
    {
      address: config.listen.grpc,
      messageBytes: Math.floor(config.limits.messageMegabytes * 1e6),
      interceptor: services.interceptor,
      ...(tls === undefined ? {} : { credentials: tls.credentials }),
    },
    loadDescriptors(places.root),
    [
      { name: 'sluice.v1.Gateway', definition: Gateway.service, handlers: createGatewayService(services.gateway) },
      {
        name: 'sluice.v1.Indexes',
        definition: Indexes.service,
        handlers: createIndexesService({ ...services.gateway, ...services.retrieval }),
      },
      { name: 'sluice.v1.Admin', definition: Admin.service, handlers: services.admin },
      {
        name: 'inference.GRPCInferenceService',
        definition: inference.GRPCInferenceService.service,
        handlers: createInferenceService({ ...services.gateway, labelSets: services.labelSets, version }),
      },
    ],
  )
}
