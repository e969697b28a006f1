import { loadPackageDefinition } from '@grpc/grpc-js'
import {
  loadSync,
  type AnyDefinition,
  type MessageTypeDefinition,
  type Options,
  type PackageDefinition,
  type ServiceDefinition,
} from '@grpc/proto-loader'
import { join } from 'node:path'
import { wellFormed } from './well-formed.ts'
import { protoPath as healthProtoPath } from 'grpc-health-check'
import type { ProtoGrpcType as AdminTypes } from './generated/admin.ts'
import type { ProtoGrpcType as GatewayTypes } from './generated/gateway.ts'
import type { ProtoGrpcType as IndexTypes } from './generated/index.ts'
import type { ProtoGrpcType as InferenceTypes } from './generated/open_inference.ts'

/** How messages map to JavaScript; the generated types use the same options. */
const options: Options = { longs: Number, enums: String, oneofs: true, defaults: true, arrays: true, objects: true }

/**
 * Every service of the gateway, and health, as one package for serving and reflecting.
 * @throws Error when the installation lacks its protos
 */
export function loadServices(root: string): PackageDefinition {
  const folder = join(root, 'proto')
  const loaded = loadSync(
    ['sluice/v1/gateway.proto', 'sluice/v1/admin.proto', indexes, openInference, healthProtoPath],
    {
      ...options,
      includeDirs: [folder],
    },
  )
  return Object.fromEntries(
    Object.entries(loaded).map(([name, definition]) => [
      name,
      isService(definition) ? sending(definition) : definition,
    ]),
  )
}

function isService(definition: AnyDefinition): definition is ServiceDefinition {
  return !('format' in definition)
}

/**
 * A service whose messages leave with well-formed texts, wherever these come from: protobufjs writes half a
 * surrogate pair as it is.
 */
function sending(service: ServiceDefinition): ServiceDefinition {
  const methods = Object.entries(service).map(([name, method]) => [
    name,
    {
      ...method,
      requestSerialize: (message: object) => method.requestSerialize(wellFormed(message)),
      responseSerialize: (message: object) => method.responseSerialize(wellFormed(message)),
    },
  ])
  return Object.fromEntries(methods) as ServiceDefinition
}

const openInference = 'inference/open_inference.proto'
const indexes = 'sluice/v1/index.proto'

type ServiceTypes = GatewayTypes & AdminTypes & IndexTypes & InferenceTypes

/** The clients and services of a loaded package. */
export function typesOf(definition: PackageDefinition): ServiceTypes {
  return loadPackageDefinition(definition) as unknown as ServiceTypes
}

/** The messages by which errors carry details. */
export function loadErrorMessages(root: string): PackageDefinition {
  return loadSync('google/rpc/status.proto', { ...options, includeDirs: [join(root, 'proto')] })
}

/** A message type by its full name. @throws Error when there is none */
export function messageType(definition: PackageDefinition, name: string): MessageTypeDefinition<object, object> {
  const found = definition[name]
  if (found === undefined || !('serialize' in found)) throw new Error(`there is no message ${name}`)
  return found as MessageTypeDefinition<object, object>
}
