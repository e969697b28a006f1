import { credentials, status, type CallOptions, type ServiceError } from '@grpc/grpc-js'
import { packageRoot } from '#services/config/load-config'
import { tensorFromWire, tensorToWire, type Tensor, type WrittenTensor } from '#services/wire/convert/tensors'
import type { GRPCInferenceServiceClient } from '#services/wire/generated/inference/GRPCInferenceService'
import type { ModelInferResponse__Output } from '#services/wire/generated/inference/ModelInferResponse'
import { loadServices, typesOf } from '#services/wire/load-proto'
import type { Redact } from '../remote/errors/redact.ts'
import { createStreamedReader, type Streamed } from './read-streamed.ts'
import { refusalOf } from '../remote/errors/read-refusal.ts'
import { readServerText } from '#services/platform/http/server-words'
import { UpstreamError } from '../remote/wire/upstream-error.ts'

/** A request of tensors. */
export interface TensorRequest {
  readonly model: string
  readonly version: string
  readonly inputs: ReadonlyMap<string, WrittenTensor>
  readonly parameters: Readonly<Record<string, string>>
  /** Removes the caller's words from the server's message. */
  readonly redact: Redact
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

  const { ModelInfer, ModelStreamInfer } = GRPCInferenceService.service
  const readStreamed = createStreamedReader(ModelStreamInfer.responseDeserialize, ModelInfer.responseDeserialize)

  async function* stream(request: TensorRequest, signal: AbortSignal, deadlineAt: number): AsyncGenerator<Tensors> {
    const { path, requestSerialize } = ModelStreamInfer
    const options = { deadline: deadlineAt } satisfies CallOptions
    const call = client.makeBidiStreamRequest(path, requestSerialize, readStreamed, options)
    const leave = (): void => call.cancel()
    signal.addEventListener('abort', leave, { once: true })
    let begun = false
    try {
      call.write(requestOf(request))
      call.end()
      for await (const piece of call) {
        const { errorMessage, inferResponse }: Streamed = piece
        if (errorMessage !== '') throw asBegun(refusalOf(readServerText(errorMessage), inStream(request)), begun)
        begun = true
        if (inferResponse !== null) yield tensorsOf(inferResponse)
      }
    } catch (error) {
      if (error instanceof UpstreamError || signal.aborted) throw error
      throw faultOf(error as ServiceError, request.redact, begun)
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
          if (error !== null) reject(faultOf(error, request.redact, false))
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

/**
 * The HTTP status of each code; the kind of a refusal follows from it.
 * @source gRPC, "HTTP to gRPC Status Code Mapping", read backwards
 */
const httpStatuses: Readonly<Partial<Record<status, number>>> = {
  [status.INVALID_ARGUMENT]: 400,
  [status.OUT_OF_RANGE]: 400,
  [status.UNAUTHENTICATED]: 401,
  [status.PERMISSION_DENIED]: 403,
  [status.NOT_FOUND]: 404,
  [status.UNIMPLEMENTED]: 405,
  [status.FAILED_PRECONDITION]: 422,
  [status.RESOURCE_EXHAUSTED]: 429,
}

function faultOf({ code, details }: ServiceError, redact: Redact, begun: boolean): UpstreamError {
  const answered = `the server answered ${status[code]}`
  if (code === status.UNAVAILABLE) return new UpstreamError(begun ? 'reset' : 'connect', answered, { begun })
  if (code === status.DEADLINE_EXCEEDED) return new UpstreamError('timeout', answered, { begun })
  const context = { status: httpStatuses[code] ?? 500, summary: `answered ${status[code]}`, redact }
  return asBegun(refusalOf(readServerText(details), context), begun)
}

function inStream({ redact }: TensorRequest): { readonly summary: string; readonly redact: Redact } {
  return { summary: 'told of an error within the stream', redact }
}

function asBegun(error: UpstreamError, begun: boolean): UpstreamError {
  return begun ? new UpstreamError(error.fault, error.message, { begun }) : error
}
