import { Client, Metadata, type ServiceDefinition, type ServiceError } from '@grpc/grpc-js'
import { loadConfig, packageRoot } from '../shared/config/load-config.ts'
import { softwareVersion } from '../shared/process/software-version.ts'
import type { ActivatePolicyRequest } from '../shared/rpc/generated/sluice/v1/ActivatePolicyRequest.ts'
import type { ActivatePolicyResponse__Output } from '../shared/rpc/generated/sluice/v1/ActivatePolicyResponse.ts'
import type { ComparePoliciesRequest } from '../shared/rpc/generated/sluice/v1/ComparePoliciesRequest.ts'
import type { ComparePoliciesResponse__Output } from '../shared/rpc/generated/sluice/v1/ComparePoliciesResponse.ts'
import type { ListPoliciesRequest } from '../shared/rpc/generated/sluice/v1/ListPoliciesRequest.ts'
import type { ListPoliciesResponse__Output } from '../shared/rpc/generated/sluice/v1/ListPoliciesResponse.ts'
import type { LoadPolicyRequest } from '../shared/rpc/generated/sluice/v1/LoadPolicyRequest.ts'
import type { LoadPolicyResponse__Output } from '../shared/rpc/generated/sluice/v1/LoadPolicyResponse.ts'
import type { CancelJobRequest } from '../shared/rpc/generated/sluice/v1/CancelJobRequest.ts'
import type { CreateKeyRequest } from '../shared/rpc/generated/sluice/v1/CreateKeyRequest.ts'
import type { CreateKeyResponse__Output } from '../shared/rpc/generated/sluice/v1/CreateKeyResponse.ts'
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
import type { ListKeysRequest } from '../shared/rpc/generated/sluice/v1/ListKeysRequest.ts'
import type { ListKeysResponse__Output } from '../shared/rpc/generated/sluice/v1/ListKeysResponse.ts'
import type { ListModelsRequest } from '../shared/rpc/generated/sluice/v1/ListModelsRequest.ts'
import type { ListModelsResponse__Output } from '../shared/rpc/generated/sluice/v1/ListModelsResponse.ts'
import type { ReplayDeadLetterRequest } from '../shared/rpc/generated/sluice/v1/ReplayDeadLetterRequest.ts'
import type { RevokeKeyRequest } from '../shared/rpc/generated/sluice/v1/RevokeKeyRequest.ts'
import type { RevokeKeyResponse__Output } from '../shared/rpc/generated/sluice/v1/RevokeKeyResponse.ts'
import type { RotateKeyRequest } from '../shared/rpc/generated/sluice/v1/RotateKeyRequest.ts'
import type { RotateKeyResponse__Output } from '../shared/rpc/generated/sluice/v1/RotateKeyResponse.ts'
import type { RestoreLedgerRequest } from '../shared/rpc/generated/sluice/v1/RestoreLedgerRequest.ts'
import type { RestoreLedgerResponse__Output } from '../shared/rpc/generated/sluice/v1/RestoreLedgerResponse.ts'
import type { SubmitRequest } from '../shared/rpc/generated/sluice/v1/SubmitRequest.ts'
import type { WatchJobRequest } from '../shared/rpc/generated/sluice/v1/WatchJobRequest.ts'
import { loadServices, typesOf } from '../shared/rpc/load-proto.ts'
import { statusName } from '../shared/rpc/status.ts'
import { openTracer } from '../shared/telemetry/open-tracer.ts'
import { noTracer, type Span, type Tracer } from '../shared/telemetry/tracer.ts'
import { callerOf, credentialsOf, type CallerSettings } from './caller-settings.ts'
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
  readonly CreateKey: { request: CreateKeyRequest; response: CreateKeyResponse__Output }
  readonly ListKeys: { request: ListKeysRequest; response: ListKeysResponse__Output }
  readonly RotateKey: { request: RotateKeyRequest; response: RotateKeyResponse__Output }
  readonly ListPolicies: { request: ListPoliciesRequest; response: ListPoliciesResponse__Output }
  readonly LoadPolicy: { request: LoadPolicyRequest; response: LoadPolicyResponse__Output }
  readonly ComparePolicies: { request: ComparePoliciesRequest; response: ComparePoliciesResponse__Output }
  readonly ActivatePolicy: { request: ActivatePolicyRequest; response: ActivatePolicyResponse__Output }
  readonly RevokeKey: { request: RevokeKeyRequest; response: RevokeKeyResponse__Output }
  readonly RestoreLedger: { request: RestoreLedgerRequest; response: RestoreLedgerResponse__Output }
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

/** Opens the gateway that the options, else the environment, else the configuration name. @throws GatewayError Config, CommandFault */
export async function openGateway(options: CommonOptions): Promise<GatewayCaller> {
  const caller = callerOf(options)
  if (options.address !== undefined) return connectGateway(options.address, packageRoot(), caller)
  const { config, places } = loadConfig(options.config)
  const tracer = await openTracer(config.traces, {
    service: 'sluice-cli',
    version: softwareVersion(places.root),
    instance: String(process.pid),
  })
  const { grpc, tls } = config.listen
  return connectGateway(grpc, places.root, { ...caller, tls: caller.tls || tls !== undefined }, tracer)
}

/** Opens the gateway at an address. */
export function connectGateway(
  address: string,
  root: string,
  caller: CallerSettings,
  tracer: Tracer = noTracer,
): GatewayCaller {
  const { apiKey, tlsName } = caller
  const { Gateway, Admin } = typesOf(loadServices(root)).sluice.v1
  const methods: ServiceDefinition = { ...Gateway.service, ...Admin.service }
  const named = tlsName === undefined ? {} : { 'grpc.ssl_target_name_override': tlsName }
  const client = new Client(address, credentialsOf(caller), { ...channelOptions, ...named })
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
