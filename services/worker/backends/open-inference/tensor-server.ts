import { credentials, status, type CallOptions, type ServiceError } from '@grpc/grpc-js'
import { packageRoot } from '#services/config/load-config'
import { tensorFromWire, tensorToWire, type Tensor } from '#services/wire/convert/tensors'
import type { GRPCInferenceServiceClient } from '#services/wire/generated/inference/GRPCInferenceService'
import type { ModelInferResponse__Output } from '#services/wire/generated/inference/ModelInferResponse'
import { loadServices, typesOf } from '#services/wire/load-proto'
import { UpstreamError, type UpstreamFault } from '../remote/wire/upstream-error.ts'

/** A request of tensors. */
export interface TensorRequest {
  readonly model: string
  readonly version: string
  readonly inputs: ReadonlyMap<string, Tensor>
  readonly parameters: Readonly<Record<string, string>>
}

/** Tensors by name. */
export type Tensors = ReadonlyMap<string, Tensor>

/** A server of the Open Inference Protocol, such as Triton or KServe. */
export interface TensorServer {
  /** Asks once. @throws UpstreamError */
  infer(request: TensorRequest, signal: AbortSignal, deadlineAt: number): Promise<Tensors>
  /** Asks for an answer that comes piece by piece. @throws UpstreamError */
  stream(request: TensorRequest, signal: AbortSignal, deadlineAt: number): AsyncGenerator<Tensors>
  close(): void
}

const largestMessageBytes = 256 * 1024 * 1024

/** Opens a server at `host:port`; it connects at the first call. */
export function openTensorServer(address: string): TensorServer {
  const { GRPCInferenceService } = typesOf(loadServices(packageRoot())).inference
  const client: GRPCInferenceServiceClient = new GRPCInferenceService(address, credentials.createInsecure(), {
    'grpc.max_send_message_length': largestMessageBytes,
    'grpc.max_receive_message_length': largestMessageBytes,
    'grpc.max_reconnect_backoff_ms': 1000,
  })

  async function* stream(request: TensorRequest, signal: AbortSignal, deadlineAt: number): AsyncGenerator<Tensors> {
    const call = client.modelStreamInfer({ deadline: deadlineAt } satisfies CallOptions)
    const leave = (): void => call.cancel()
    signal.addEventListener('abort', leave, { once: true })
    let begun = false
    try {
      call.write(requestOf(request))
      call.end()
      for await (const piece of call) {
        const { errorMessage, inferResponse } = piece as { errorMessage: string; inferResponse: Response | null }
        if (errorMessage !== '')
          throw new UpstreamError('server', 'the server told of an error within the stream', { begun })
        begun = true
        if (inferResponse !== null) yield tensorsOf(inferResponse)
      }
    } catch (error) {
      if (error instanceof UpstreamError || signal.aborted) throw error
      throw faultOf(error as ServiceError, begun)
    } finally {
      signal.removeEventListener('abort', leave)
      call.cancel()
    }
  }

  return {
    stream,
    infer: (request, signal, deadlineAt) =>
      new Promise((resolve, reject) => {
        const call = client.modelInfer(requestOf(request), { deadline: deadlineAt }, (error, response) => {
          signal.removeEventListener('abort', leave)
          if (error !== null) reject(faultOf(error, false))
          else if (response === undefined)
            reject(new UpstreamError('malformed', 'the server gave neither answer nor error'))
          else settle(() => tensorsOf(response), resolve, reject)
        })
        const leave = (): void => call.cancel()
        signal.addEventListener('abort', leave, { once: true })
      }),
    close: () => client.close(),
  }
}

type Response = ModelInferResponse__Output

function settle<Value>(make: () => Value, resolve: (value: Value) => void, reject: (error: unknown) => void): void {
  try {
    resolve(make())
  } catch (error) {
    reject(error)
  }
}

function requestOf({ model, version, inputs, parameters }: TensorRequest): object {
  return {
    modelName: model,
    modelVersion: version,
    parameters: Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, { stringParam: value }])),
    inputs: [...inputs].map(([name, tensor]) => tensorToWire(name, tensor)),
  }
}

function tensorsOf({ outputs, rawOutputContents }: Response): Tensors {
  return new Map(
    outputs.map((output, place) => {
      const tensor = tensorFromWire(output, rawOutputContents[place])
      if (tensor === undefined)
        throw new UpstreamError('malformed', `the output ${output.name} is not what its head says`)
      return [output.name, tensor]
    }),
  )
}

const faults: Readonly<Partial<Record<status, UpstreamFault>>> = {
  [status.UNAVAILABLE]: 'connect',
  [status.DEADLINE_EXCEEDED]: 'timeout',
  [status.RESOURCE_EXHAUSTED]: 'rate-limit',
  [status.INVALID_ARGUMENT]: 'refused',
  [status.NOT_FOUND]: 'refused',
  [status.FAILED_PRECONDITION]: 'refused',
  [status.UNIMPLEMENTED]: 'refused',
  [status.UNAUTHENTICATED]: 'refused',
  [status.PERMISSION_DENIED]: 'refused',
}

function faultOf({ code }: ServiceError, begun: boolean): UpstreamError {
  const fault = faults[code] ?? 'server'
  return new UpstreamError(fault === 'connect' && begun ? 'reset' : fault, `the server answered ${status[code]}`, {
    begun,
  })
}
