import protobuf from 'protobufjs'
import type { ModelInferResponse__Output } from '#services/wire/generated/inference/ModelInferResponse'

/** One message of a stream: a response, or what went wrong. */
export interface Streamed {
  readonly errorMessage: string
  readonly inferResponse: ModelInferResponse__Output | null
}

/** Fields that a message of Triton's does not have: `id`, `parameters`, `outputs`, `raw_output_contents`. */
const ofResponse: ReadonlySet<number> = new Set([3, 4, 5, 6])

/**
 * Makes a reader of a stream's messages. Triton wraps each response; Seldon's MLServer sends the response itself,
 * whose first two fields have the numbers of Triton's wrapper and other meanings.
 * @source triton-inference-server/common, `grpc_service.proto`; SeldonIO/MLServer, `dataplane.proto`
 */
export function createStreamedReader(
  readWrapped: (bytes: Buffer) => object,
  readResponse: (bytes: Buffer) => object,
): (bytes: Buffer) => Streamed {
  return bytes =>
    isResponse(bytes)
      ? { errorMessage: '', inferResponse: readResponse(bytes) as ModelInferResponse__Output }
      : (readWrapped(bytes) as Streamed)
}

function isResponse(bytes: Buffer): boolean {
  const reader = protobuf.Reader.create(bytes)
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (ofResponse.has(tag >>> 3)) return true
    reader.skipType(tag & 7)
  }
  return false
}
