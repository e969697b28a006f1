import { Client, Metadata, type ServiceDefinition, type ServiceError } from '@grpc/grpc-js'
import { loadConfig, packageRoot } from '#services/config/load-config'
import { softwareVersion } from '#services/platform/process/software-version'
import type { ActivatePolicyRequest } from '#services/wire/generated/sluice/v1/ActivatePolicyRequest'
import type { ActivatePolicyResponse__Output } from '#services/wire/generated/sluice/v1/ActivatePolicyResponse'
import type { ComparePoliciesRequest } from '#services/wire/generated/sluice/v1/ComparePoliciesRequest'
import type { ComparePoliciesResponse__Output } from '#services/wire/generated/sluice/v1/ComparePoliciesResponse'
import type { ListPoliciesRequest } from '#services/wire/generated/sluice/v1/ListPoliciesRequest'
import type { ListPoliciesResponse__Output } from '#services/wire/generated/sluice/v1/ListPoliciesResponse'
import type { LoadPolicyRequest } from '#services/wire/generated/sluice/v1/LoadPolicyRequest'
import type { LoadPolicyResponse__Output } from '#services/wire/generated/sluice/v1/LoadPolicyResponse'
import type { AddDocumentsRequest } from '#services/wire/generated/sluice/v1/AddDocumentsRequest'
import type { CreateIndexRequest } from '#services/wire/generated/sluice/v1/CreateIndexRequest'
import type { DropIndexRequest } from '#services/wire/generated/sluice/v1/DropIndexRequest'
import type { GetIngestRequest } from '#services/wire/generated/sluice/v1/GetIngestRequest'
import type { Index__Output } from '#services/wire/generated/sluice/v1/Index'
import type { Ingest__Output } from '#services/wire/generated/sluice/v1/Ingest'
import type { ListIndexesResponse__Output } from '#services/wire/generated/sluice/v1/ListIndexesResponse'
import type { RemoveDocumentsRequest } from '#services/wire/generated/sluice/v1/RemoveDocumentsRequest'
import type { RemoveDocumentsResponse__Output } from '#services/wire/generated/sluice/v1/RemoveDocumentsResponse'
import type { SearchIndexRequest } from '#services/wire/generated/sluice/v1/SearchIndexRequest'
import type { SearchIndexResponse__Output } from '#services/wire/generated/sluice/v1/SearchIndexResponse'
import type { CancelJobRequest } from '#services/wire/generated/sluice/v1/CancelJobRequest'
import type { CreateKeyRequest } from '#services/wire/generated/sluice/v1/CreateKeyRequest'
import type { CreateKeyResponse__Output } from '#services/wire/generated/sluice/v1/CreateKeyResponse'
import type { DeadLetter__Output } from '#services/wire/generated/sluice/v1/DeadLetter'
import type { DiscardDeadLetterRequest } from '#services/wire/generated/sluice/v1/DiscardDeadLetterRequest'
import type { DiscardDeadLetterResponse__Output } from '#services/wire/generated/sluice/v1/DiscardDeadLetterResponse'
import type { DrainRequest } from '#services/wire/generated/sluice/v1/DrainRequest'
import type { DrainResponse__Output } from '#services/wire/generated/sluice/v1/DrainResponse'
import type { ExplainResponse__Output } from '#services/wire/generated/sluice/v1/ExplainResponse'
import type { GetBudgetRequest } from '#services/wire/generated/sluice/v1/GetBudgetRequest'
import type { GetBudgetResponse__Output } from '#services/wire/generated/sluice/v1/GetBudgetResponse'
import type { GetDeadLetterRequest } from '#services/wire/generated/sluice/v1/GetDeadLetterRequest'
import type { GetJobRequest } from '#services/wire/generated/sluice/v1/GetJobRequest'
import type { InferEvent__Output } from '#services/wire/generated/sluice/v1/InferEvent'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import type { InferResponse__Output } from '#services/wire/generated/sluice/v1/InferResponse'
import type { Job__Output } from '#services/wire/generated/sluice/v1/Job'
import type { ListDeadLettersRequest } from '#services/wire/generated/sluice/v1/ListDeadLettersRequest'
import type { ListDeadLettersResponse__Output } from '#services/wire/generated/sluice/v1/ListDeadLettersResponse'
import type { ListJobsRequest } from '#services/wire/generated/sluice/v1/ListJobsRequest'
import type { ListJobsResponse__Output } from '#services/wire/generated/sluice/v1/ListJobsResponse'
import type { ListKeysRequest } from '#services/wire/generated/sluice/v1/ListKeysRequest'
import type { ListKeysResponse__Output } from '#services/wire/generated/sluice/v1/ListKeysResponse'
import type { ListModelsRequest } from '#services/wire/generated/sluice/v1/ListModelsRequest'
import type { ListModelsResponse__Output } from '#services/wire/generated/sluice/v1/ListModelsResponse'
import type { ReplayDeadLetterRequest } from '#services/wire/generated/sluice/v1/ReplayDeadLetterRequest'
import type { RevokeKeyRequest } from '#services/wire/generated/sluice/v1/RevokeKeyRequest'
import type { RevokeKeyResponse__Output } from '#services/wire/generated/sluice/v1/RevokeKeyResponse'
import type { RotateKeyRequest } from '#services/wire/generated/sluice/v1/RotateKeyRequest'
import type { RotateKeyResponse__Output } from '#services/wire/generated/sluice/v1/RotateKeyResponse'
import type { RestoreLedgerRequest } from '#services/wire/generated/sluice/v1/RestoreLedgerRequest'
import type { RestoreLedgerResponse__Output } from '#services/wire/generated/sluice/v1/RestoreLedgerResponse'
import type { SubmitRequest } from '#services/wire/generated/sluice/v1/SubmitRequest'
import type { WatchJobRequest } from '#services/wire/generated/sluice/v1/WatchJobRequest'
import { loadServices, typesOf } from '#services/wire/load-proto'
import { statusName } from '#services/wire/status'
import { openTracer } from '#services/platform/telemetry/open-tracer'
import { noTracer, type Span, type Tracer } from '#services/platform/telemetry/tracer'
import { callerOf, credentialsOf, type CallerSettings } from './caller-settings.ts'
import type { CommonOptions } from './common-options.ts'

interface Unary {
  readonly Infer: { request: InferRequest; response: InferResponse__Output }
  readonly Explain: { request: InferRequest; response: ExplainResponse__Output }
  readonly Submit: { request: SubmitRequest; response: Job__Output }
  readonly GetJob: { request: GetJobRequest; response: Job__Output }
  readonly ListJobs: { request: ListJobsRequest; response: ListJobsResponse__Output }
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
  readonly CreateIndex: { request: CreateIndexRequest; response: Index__Output }
  readonly ListIndexes: { request: object; response: ListIndexesResponse__Output }
  readonly DropIndex: { request: DropIndexRequest; response: object }
  readonly AddDocuments: { request: AddDocumentsRequest; response: Ingest__Output }
  readonly GetIngest: { request: GetIngestRequest; response: Ingest__Output }
  readonly RemoveDocuments: { request: RemoveDocumentsRequest; response: RemoveDocumentsResponse__Output }
  readonly SearchIndex: { request: SearchIndexRequest; response: SearchIndexResponse__Output }
  readonly Drain: { request: DrainRequest; response: DrainResponse__Output }
}

interface Streaming {
  readonly InferStream: { request: InferRequest; response: InferEvent__Output }
  readonly WatchJob: { request: WatchJobRequest; response: Job__Output }
}

/** A gateway as a command sees it. */
export interface GatewayCaller extends Disposable {
  /** Largest message that it takes, where its configuration is at hand. */
  readonly messageBytes?: number
  /** @throws ServiceError */
  call<Name extends keyof Unary>(
    name: Name,
    request: Unary[Name]['request'],
    deadlineMs?: number,
  ): Promise<Unary[Name]['response']>
  /** @throws ServiceError */
  stream<Name extends keyof Streaming>(
    name: Name,
    request: Streaming[Name]['request'],
  ): AsyncIterable<Streaming[Name]['response']>
}

/** Answers may be as large as a gateway makes them. */
const channelOptions = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 }

/**
 * Opens the gateway that the options, else the environment, else the configuration name.
 * @throws GatewayError Config, CommandFault
 */
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
  const gateway = connectGateway(grpc, places.root, { ...caller, tls: caller.tls || tls !== undefined }, tracer)
  return { ...gateway, messageBytes: Math.floor(config.limits.messageMegabytes * 1e6) }
}

/** Opens the gateway at an address. */
export function connectGateway(
  address: string,
  root: string,
  caller: CallerSettings,
  tracer: Tracer = noTracer,
): GatewayCaller {
  const { apiKey, tlsName } = caller
  const { Gateway, Admin, Indexes } = typesOf(loadServices(root)).sluice.v1
  const methods: ServiceDefinition = { ...Gateway.service, ...Admin.service, ...Indexes.service }
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
    call: (name, request, deadlineMs) =>
      new Promise((resolve, reject) => {
        const { path, requestSerialize, responseDeserialize } = methodOf(name)
        const { span, metadata } = begin(name)
        const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs }
        const ended = (error: ServiceError | null, response?: unknown): void => {
          if (error !== null) span.fail(statusName(error.code))
          span.end()
          if (error !== null) reject(error)
          else resolve(response as never)
        }
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, options, ended)
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
