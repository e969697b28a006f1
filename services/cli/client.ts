import { Client, credentials, Metadata, type ServiceDefinition, type ServiceError } from '@grpc/grpc-js'
import { loadConfig, packageRoot } from '../shared/config/load-config.ts'
import { softwareVersion } from '../shared/process/software-version.ts'
import type { CancelJobRequest } from '../shared/rpc/generated/sluice/v1/CancelJobRequest.ts'
import type { DeadLetter__Output } from '../shared/rpc/generated/sluice/v1/DeadLetter.ts'
import type { DiscardDeadLetterRequest } from '../shared/rpc/generated/sluice/v1/DiscardDeadLetterRequest.ts'
import type { DiscardDeadLetterResponse__Output } from '../shared/rpc/generated/sluice/v1/DiscardDeadLetterResponse.ts'
import type { DrainRequest } from '../shared/rpc/generated/sluice/v1/DrainRequest.ts'
import type { DrainResponse__Output } from '../shared/rpc/generated/sluice/v1/DrainResponse.ts'
import type { ExplainResponse__Output } from '../shared/rpc/generated/sluice/v1/ExplainResponse.ts'
import type { GetBudgetRequest } from '../shared/rpc/generated/sluice/v1/GetBudgetRequest.ts'
import type { GetBudgetResponse__Output } from '../shared/rpc/generated/sluice/v1/GetBudgetResponse.ts'
import type { GetDeadLetterRequest } from '../shared/rpc/generated/sluice/v1/GetDeadLetterRequest.ts'
import type { GetJobRequest } from '../shared/rpc/generated/sluice/v1/GetJobRequest.ts'
import type { InferEvent__Output } from '../shared/rpc/generated/sluice/v1/InferEvent.ts'
import type { InferRequest } from '../shared/rpc/generated/sluice/v1/InferRequest.ts'
import type { InferResponse__Output } from '../shared/rpc/generated/sluice/v1/InferResponse.ts'
import type { Job__Output } from '../shared/rpc/generated/sluice/v1/Job.ts'
import type { ListDeadLettersRequest } from '../shared/rpc/generated/sluice/v1/ListDeadLettersRequest.ts'
import type { ListDeadLettersResponse__Output } from '../shared/rpc/generated/sluice/v1/ListDeadLettersResponse.ts'
import type { ListModelsRequest } from '../shared/rpc/generated/sluice/v1/ListModelsRequest.ts'
import type { ListModelsResponse__Output } from '../shared/rpc/generated/sluice/v1/ListModelsResponse.ts'
import type { ReplayDeadLetterRequest } from '../shared/rpc/generated/sluice/v1/ReplayDeadLetterRequest.ts'
import type { SubmitRequest } from '../shared/rpc/generated/sluice/v1/SubmitRequest.ts'
import type { WatchJobRequest } from '../shared/rpc/generated/sluice/v1/WatchJobRequest.ts'
import { loadServices, typesOf } from '../shared/rpc/load-proto.ts'
import { statusName } from '../shared/rpc/status.ts'
import { createTracer } from '../shared/telemetry/otlp-tracer.ts'
import { noTracer, type Span, type Tracer } from '../shared/telemetry/tracer.ts'
import type { CommonOptions } from './common-options.ts'

interface Unary {
  readonly Infer: { request: InferRequest; response: InferResponse__Output }
  readonly Explain: { request: InferRequest; response: ExplainResponse__Output }
  readonly Submit: { request: SubmitRequest; response: Job__Output }
  readonly GetJob: { request: GetJobRequest; response: Job__Output }
  readonly CancelJob: { request: CancelJobRequest; response: Job__Output }
  readonly ListModels: { request: ListModelsRequest; response: ListModelsResponse__Output }
  readonly GetBudget: { request: GetBudgetRequest; response: GetBudgetResponse__Output }
  readonly ListDeadLetters: { request: ListDeadLettersRequest; response: ListDeadLettersResponse__Output }
  readonly GetDeadLetter: { request: GetDeadLetterRequest; response: DeadLetter__Output }
  readonly ReplayDeadLetter: { request: ReplayDeadLetterRequest; response: Job__Output }
  readonly DiscardDeadLetter: { request: DiscardDeadLetterRequest; response: DiscardDeadLetterResponse__Output }
  readonly Drain: { request: DrainRequest; response: DrainResponse__Output }
}

interface Streaming {
  readonly InferStream: { request: InferRequest; response: InferEvent__Output }
  readonly WatchJob: { request: WatchJobRequest; response: Job__Output }
}

/** A gateway as a command sees it. */
export interface GatewayCaller extends Disposable {
  /** @throws ServiceError */
  call<Name extends keyof Unary>(name: Name, request: Unary[Name]['request']): Promise<Unary[Name]['response']>
  /** @throws ServiceError */
  stream<Name extends keyof Streaming>(
    name: Name,
    request: Streaming[Name]['request'],
  ): AsyncIterable<Streaming[Name]['response']>
}

/** Answers may be as large as a gateway makes them. */
const channelOptions = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 }

/** Opens the gateway that the options, else the configuration, name. @throws GatewayError Config */
export function openGateway(options: CommonOptions): GatewayCaller {
  if (options.address !== undefined) return connectGateway(options.address, packageRoot(), options.key)
  const { config, places, apiKey } = loadConfig(options.config)
  const tracer = createTracer(config.traces, {
    service: 'sluice-cli',
    version: softwareVersion(places.root),
    instance: String(process.pid),
  })
  return connectGateway(config.listen.grpc, places.root, options.key ?? apiKey, tracer)
}

/** Opens the gateway at an address. */
export function connectGateway(
  address: string,
  root: string,
  apiKey: string | undefined,
  tracer: Tracer = noTracer,
): GatewayCaller {
  const { Gateway, Admin } = typesOf(loadServices(root)).sluice.v1
  const methods: ServiceDefinition = { ...Gateway.service, ...Admin.service }
  const client = new Client(address, credentials.createInsecure(), channelOptions)
  const begin = (name: string): { readonly span: Span; readonly metadata: Metadata } => {
    const span = tracer.start(`sluice.v1/${name}`, { kind: 'client', attributes: { 'rpc.system.name': 'grpc' } })
    const metadata = new Metadata()
    if (apiKey !== undefined) metadata.set('authorization', `Bearer ${apiKey}`)
    if (span.traceparent !== undefined) metadata.set('traceparent', span.traceparent)
    return { span, metadata }
  }

  const methodOf = (name: string): ServiceDefinition[string] => {
    const method = methods[name]
    if (method === undefined) throw new Error(`the protos have no ${name}`)
    return method
  }
  return {
    call: (name, request) =>
      new Promise((resolve, reject) => {
        const { path, requestSerialize, responseDeserialize } = methodOf(name)
        const { span, metadata } = begin(name)
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, (error, response) => {
          if (error !== null) span.fail(statusName(error.code))
          span.end()
          if (error !== null) reject(error)
          else resolve(response)
        })
      }),
    stream(name, request) {
      const { path, requestSerialize, responseDeserialize } = methodOf(name)
      const { span, metadata } = begin(name)
      return client
        .makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, metadata)
        .once('error', (error: ServiceError) => span.fail(statusName(error.code)))
        .once('close', () => span.end())
    },
    [Symbol.dispose]() {
      client.close()
      void tracer.close()
    },
  }
}
