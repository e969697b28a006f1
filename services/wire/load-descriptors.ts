import type { PackageDefinition } from '@grpc/proto-loader'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import descriptor from 'protobufjs/ext/descriptor/index.js'

/**
 * The files that reflection serves, as the proto compiler wrote them. Those that proto-loader makes again will not
 * do: it loses file names and the names of map entries, and strict clients (Go, C++, Python) refuse what it gives.
 */
export function loadDescriptors(root: string): PackageDefinition {
  const set = descriptor.FileDescriptorSet.decode(readFileSync(join(root, 'proto', 'descriptors.binpb')))
  const { file = [] } = set as unknown as { file?: Parameters<typeof descriptor.FileDescriptorProto.encode>[0][] }
  const fileDescriptorProtos = file.map(one => Buffer.from(descriptor.FileDescriptorProto.encode(one).finish()))
  return {
    files: { format: 'Protocol Buffer 3 DescriptorProto', type: {}, fileDescriptorProtos },
  } as unknown as PackageDefinition
}
