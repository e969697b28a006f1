import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader'
import { fileURLToPath } from 'node:url'
import type { GatewayDefinition } from './generated/sluice/v1/Gateway.ts'

/** How messages look in JavaScript: the generated types are made with the same. */
const shape = { longs: Number, enums: String, oneofs: true, defaults: true, arrays: true, objects: true } as const

/** The methods of the gateway, and the messages by which errors carry details. */
export interface Protocol {
  readonly gateway: GatewayDefinition
  /** Reads a message of this full name; an unknown one is empty. */
  read(type: string, bytes: Uint8Array): object
}

/** One method: how its request is written and its answers are read. */
export interface Method<Request, Response> {
  readonly path: string
  readonly requestSerialize: (request: Request) => Buffer
  readonly responseDeserialize: (bytes: Buffer) => Response
}

let loaded: Protocol | undefined

/** The protos of the package; they are loaded once. */
export function loadProtocol(): Protocol {
  loaded ??= load()
  return loaded
}

function load(): Protocol {
  const folder = fileURLToPath(new URL('../proto', import.meta.url))
  const files = ['sluice/v1/gateway.proto', 'google/rpc/status.proto']
  const definitions = loadSync(files, { ...shape, includeDirs: [folder] })
  return {
    gateway: definitions['sluice.v1.Gateway'] as unknown as GatewayDefinition,
    read(type, bytes) {
      const definition = definitions[type]
      if (definition === undefined || !('deserialize' in definition)) return {}
      return (definition as MessageTypeDefinition<object, object>).deserialize(Buffer.from(bytes))
    },
  }
}
