import { credentials, status, type ServiceError } from '@grpc/grpc-js'
import { packageRoot } from '#services/config/load-config'
import { withoutSecrets } from '#services/platform/http/without-secrets'
import type { GRPCInferenceServiceClient } from '#services/wire/generated/inference/GRPCInferenceService'
import type { ModelMetadataResponse__Output } from '#services/wire/generated/inference/ModelMetadataResponse'
import { loadServices, typesOf } from '#services/wire/load-proto'
import { listed, type ProbeResult } from './probe-finding.ts'

/** A server of the Open Inference Protocol. */
export interface InferenceServer {
  /** `grpc://host:port` */
  readonly baseUrl: string
  readonly served: string
  readonly version: string
  /** Names of tensors that are sent, and that are read. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
}

/**
 * Checks whether a server is there, whether the model is ready, and whether it has the tensors.
 * @source Open Inference Protocol, "ModelReady", "ModelMetadata"
 */
export async function probeOpenInference(server: InferenceServer, timeoutMs: number): Promise<ProbeResult> {
  const { GRPCInferenceService } = typesOf(loadServices(packageRoot())).inference
  const address = server.baseUrl.replace(/^grpc:\/\//u, '')
  const client: GRPCInferenceServiceClient = new GRPCInferenceService(address, credentials.createInsecure())
  try {
    const ready = await new Promise<boolean>((resolve, reject) => {
      const asked = { name: server.served, version: server.version }
      client.modelReady(asked, { deadline: Date.now() + timeoutMs }, (error, answer) =>
        error === null ? resolve(answer?.ready === true) : reject(error),
      )
    })
    if (!ready) return { state: 'model-unknown', message: `the model ${server.served} is not ready on the server` }
    return compare(server, await metadataOf(client, server, timeoutMs))
  } catch (error) {
    return explain(error as ServiceError, server)
  } finally {
    client.close()
  }
}

function metadataOf(
  client: GRPCInferenceServiceClient,
  { served, version }: InferenceServer,
  timeoutMs: number,
): Promise<ModelMetadataResponse__Output | undefined> {
  return new Promise(resolve => {
    // Some servers are ready and do not describe their tensors.
    client.modelMetadata({ name: served, version }, { deadline: Date.now() + timeoutMs }, (_error, answer) =>
      resolve(answer),
    )
  })
}

function compare(server: InferenceServer, metadata: ModelMetadataResponse__Output | undefined): ProbeResult {
  const faults = [
    missing('input', server.inputs, metadata?.inputs ?? []),
    missing('output', server.outputs, metadata?.outputs ?? []),
  ].filter(fault => fault !== undefined)
  if (faults.length > 0) return { state: 'model-unknown', message: faults.join('; ') }
  return { state: 'ok', message: 'it is there and has the model' }
}

function missing(
  what: string,
  names: readonly string[],
  tensors: readonly { readonly name: string }[],
): string | undefined {
  const known = tensors.map(tensor => tensor.name)
  const lacking = known.length === 0 ? [] : names.filter(name => !known.includes(name))
  return lacking.length === 0 ? undefined : `the model has no ${what} ${lacking.join(', ')}; ${listed(known)}`
}

/** Longest that is shown of a server's words. */
const mostWords = 200

function explain({ code, details }: ServiceError, { served }: InferenceServer): ProbeResult {
  const words = withoutSecrets(details, [], '…').slice(0, mostWords)
  if (code === status.UNAVAILABLE)
    return { state: 'unreachable', message: 'there is no server: no connection came about' }
  if (code === status.DEADLINE_EXCEEDED)
    return { state: 'unreachable', message: 'there is no server: nothing came in time' }
  if (code === status.UNAUTHENTICATED || code === status.PERMISSION_DENIED) {
    return { state: 'key-refused', message: `the call is refused: ${words}` }
  }
  if (code === status.NOT_FOUND)
    return { state: 'model-unknown', message: `the server does not know ${served}: ${words}` }
  if (code === status.UNIMPLEMENTED)
    return { state: 'unchecked', message: 'it is there, and does not tell of its models' }
  return { state: 'failing', message: `it answers ${status[code]}: ${words}` }
}
