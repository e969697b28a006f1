// Original file: proto/sluice/v1/gateway.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { CancelJobRequest as _sluice_v1_CancelJobRequest, CancelJobRequest__Output as _sluice_v1_CancelJobRequest__Output } from '../../sluice/v1/CancelJobRequest.ts';
import type { ExplainResponse as _sluice_v1_ExplainResponse, ExplainResponse__Output as _sluice_v1_ExplainResponse__Output } from '../../sluice/v1/ExplainResponse.ts';
import type { GetBudgetRequest as _sluice_v1_GetBudgetRequest, GetBudgetRequest__Output as _sluice_v1_GetBudgetRequest__Output } from '../../sluice/v1/GetBudgetRequest.ts';
import type { GetBudgetResponse as _sluice_v1_GetBudgetResponse, GetBudgetResponse__Output as _sluice_v1_GetBudgetResponse__Output } from '../../sluice/v1/GetBudgetResponse.ts';
import type { GetJobRequest as _sluice_v1_GetJobRequest, GetJobRequest__Output as _sluice_v1_GetJobRequest__Output } from '../../sluice/v1/GetJobRequest.ts';
import type { InferEvent as _sluice_v1_InferEvent, InferEvent__Output as _sluice_v1_InferEvent__Output } from '../../sluice/v1/InferEvent.ts';
import type { InferRequest as _sluice_v1_InferRequest, InferRequest__Output as _sluice_v1_InferRequest__Output } from '../../sluice/v1/InferRequest.ts';
import type { InferResponse as _sluice_v1_InferResponse, InferResponse__Output as _sluice_v1_InferResponse__Output } from '../../sluice/v1/InferResponse.ts';
import type { Job as _sluice_v1_Job, Job__Output as _sluice_v1_Job__Output } from '../../sluice/v1/Job.ts';
import type { ListJobsRequest as _sluice_v1_ListJobsRequest, ListJobsRequest__Output as _sluice_v1_ListJobsRequest__Output } from '../../sluice/v1/ListJobsRequest.ts';
import type { ListJobsResponse as _sluice_v1_ListJobsResponse, ListJobsResponse__Output as _sluice_v1_ListJobsResponse__Output } from '../../sluice/v1/ListJobsResponse.ts';
import type { ListModelsRequest as _sluice_v1_ListModelsRequest, ListModelsRequest__Output as _sluice_v1_ListModelsRequest__Output } from '../../sluice/v1/ListModelsRequest.ts';
import type { ListModelsResponse as _sluice_v1_ListModelsResponse, ListModelsResponse__Output as _sluice_v1_ListModelsResponse__Output } from '../../sluice/v1/ListModelsResponse.ts';
import type { SendFeedbackRequest as _sluice_v1_SendFeedbackRequest, SendFeedbackRequest__Output as _sluice_v1_SendFeedbackRequest__Output } from '../../sluice/v1/SendFeedbackRequest.ts';
import type { SendFeedbackResponse as _sluice_v1_SendFeedbackResponse, SendFeedbackResponse__Output as _sluice_v1_SendFeedbackResponse__Output } from '../../sluice/v1/SendFeedbackResponse.ts';
import type { SubmitRequest as _sluice_v1_SubmitRequest, SubmitRequest__Output as _sluice_v1_SubmitRequest__Output } from '../../sluice/v1/SubmitRequest.ts';
import type { WatchJobRequest as _sluice_v1_WatchJobRequest, WatchJobRequest__Output as _sluice_v1_WatchJobRequest__Output } from '../../sluice/v1/WatchJobRequest.ts';

/**
 * Sends each request to the cheapest model that can be trusted with it, within the caller's time and money.
 */
export interface GatewayClient extends grpc.Client {
  CancelJob(argument: _sluice_v1_CancelJobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  CancelJob(argument: _sluice_v1_CancelJobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  CancelJob(argument: _sluice_v1_CancelJobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  CancelJob(argument: _sluice_v1_CancelJobRequest, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  cancelJob(argument: _sluice_v1_CancelJobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  cancelJob(argument: _sluice_v1_CancelJobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  cancelJob(argument: _sluice_v1_CancelJobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  cancelJob(argument: _sluice_v1_CancelJobRequest, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  
  /**
   * The decision, without running or reserving anything.
   */
  Explain(argument: _sluice_v1_InferRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ExplainResponse__Output>): grpc.ClientUnaryCall;
  Explain(argument: _sluice_v1_InferRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ExplainResponse__Output>): grpc.ClientUnaryCall;
  Explain(argument: _sluice_v1_InferRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ExplainResponse__Output>): grpc.ClientUnaryCall;
  Explain(argument: _sluice_v1_InferRequest, callback: grpc.requestCallback<_sluice_v1_ExplainResponse__Output>): grpc.ClientUnaryCall;
  /**
   * The decision, without running or reserving anything.
   */
  explain(argument: _sluice_v1_InferRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ExplainResponse__Output>): grpc.ClientUnaryCall;
  explain(argument: _sluice_v1_InferRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ExplainResponse__Output>): grpc.ClientUnaryCall;
  explain(argument: _sluice_v1_InferRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ExplainResponse__Output>): grpc.ClientUnaryCall;
  explain(argument: _sluice_v1_InferRequest, callback: grpc.requestCallback<_sluice_v1_ExplainResponse__Output>): grpc.ClientUnaryCall;
  
  GetBudget(argument: _sluice_v1_GetBudgetRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_GetBudgetResponse__Output>): grpc.ClientUnaryCall;
  GetBudget(argument: _sluice_v1_GetBudgetRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_GetBudgetResponse__Output>): grpc.ClientUnaryCall;
  GetBudget(argument: _sluice_v1_GetBudgetRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_GetBudgetResponse__Output>): grpc.ClientUnaryCall;
  GetBudget(argument: _sluice_v1_GetBudgetRequest, callback: grpc.requestCallback<_sluice_v1_GetBudgetResponse__Output>): grpc.ClientUnaryCall;
  getBudget(argument: _sluice_v1_GetBudgetRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_GetBudgetResponse__Output>): grpc.ClientUnaryCall;
  getBudget(argument: _sluice_v1_GetBudgetRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_GetBudgetResponse__Output>): grpc.ClientUnaryCall;
  getBudget(argument: _sluice_v1_GetBudgetRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_GetBudgetResponse__Output>): grpc.ClientUnaryCall;
  getBudget(argument: _sluice_v1_GetBudgetRequest, callback: grpc.requestCallback<_sluice_v1_GetBudgetResponse__Output>): grpc.ClientUnaryCall;
  
  GetJob(argument: _sluice_v1_GetJobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  GetJob(argument: _sluice_v1_GetJobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  GetJob(argument: _sluice_v1_GetJobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  GetJob(argument: _sluice_v1_GetJobRequest, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  getJob(argument: _sluice_v1_GetJobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  getJob(argument: _sluice_v1_GetJobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  getJob(argument: _sluice_v1_GetJobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  getJob(argument: _sluice_v1_GetJobRequest, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  
  /**
   * The answer of the cheapest rung that is trusted.
   */
  Infer(argument: _sluice_v1_InferRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_InferResponse__Output>): grpc.ClientUnaryCall;
  Infer(argument: _sluice_v1_InferRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_InferResponse__Output>): grpc.ClientUnaryCall;
  Infer(argument: _sluice_v1_InferRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_InferResponse__Output>): grpc.ClientUnaryCall;
  Infer(argument: _sluice_v1_InferRequest, callback: grpc.requestCallback<_sluice_v1_InferResponse__Output>): grpc.ClientUnaryCall;
  /**
   * The answer of the cheapest rung that is trusted.
   */
  infer(argument: _sluice_v1_InferRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_InferResponse__Output>): grpc.ClientUnaryCall;
  infer(argument: _sluice_v1_InferRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_InferResponse__Output>): grpc.ClientUnaryCall;
  infer(argument: _sluice_v1_InferRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_InferResponse__Output>): grpc.ClientUnaryCall;
  infer(argument: _sluice_v1_InferRequest, callback: grpc.requestCallback<_sluice_v1_InferResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * The same, told as it happens.
   */
  InferStream(argument: _sluice_v1_InferRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_sluice_v1_InferEvent__Output>;
  InferStream(argument: _sluice_v1_InferRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_sluice_v1_InferEvent__Output>;
  /**
   * The same, told as it happens.
   */
  inferStream(argument: _sluice_v1_InferRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_sluice_v1_InferEvent__Output>;
  inferStream(argument: _sluice_v1_InferRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_sluice_v1_InferEvent__Output>;
  
  /**
   * The caller's newest jobs, without their answers: GetJob has those.
   */
  ListJobs(argument: _sluice_v1_ListJobsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  ListJobs(argument: _sluice_v1_ListJobsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  ListJobs(argument: _sluice_v1_ListJobsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  ListJobs(argument: _sluice_v1_ListJobsRequest, callback: grpc.requestCallback<_sluice_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  /**
   * The caller's newest jobs, without their answers: GetJob has those.
   */
  listJobs(argument: _sluice_v1_ListJobsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  listJobs(argument: _sluice_v1_ListJobsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  listJobs(argument: _sluice_v1_ListJobsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  listJobs(argument: _sluice_v1_ListJobsRequest, callback: grpc.requestCallback<_sluice_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  
  ListModels(argument: _sluice_v1_ListModelsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListModelsResponse__Output>): grpc.ClientUnaryCall;
  ListModels(argument: _sluice_v1_ListModelsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ListModelsResponse__Output>): grpc.ClientUnaryCall;
  ListModels(argument: _sluice_v1_ListModelsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListModelsResponse__Output>): grpc.ClientUnaryCall;
  ListModels(argument: _sluice_v1_ListModelsRequest, callback: grpc.requestCallback<_sluice_v1_ListModelsResponse__Output>): grpc.ClientUnaryCall;
  listModels(argument: _sluice_v1_ListModelsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListModelsResponse__Output>): grpc.ClientUnaryCall;
  listModels(argument: _sluice_v1_ListModelsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ListModelsResponse__Output>): grpc.ClientUnaryCall;
  listModels(argument: _sluice_v1_ListModelsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListModelsResponse__Output>): grpc.ClientUnaryCall;
  listModels(argument: _sluice_v1_ListModelsRequest, callback: grpc.requestCallback<_sluice_v1_ListModelsResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Tells how good an answer was.
   */
  SendFeedback(argument: _sluice_v1_SendFeedbackRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_SendFeedbackResponse__Output>): grpc.ClientUnaryCall;
  SendFeedback(argument: _sluice_v1_SendFeedbackRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_SendFeedbackResponse__Output>): grpc.ClientUnaryCall;
  SendFeedback(argument: _sluice_v1_SendFeedbackRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_SendFeedbackResponse__Output>): grpc.ClientUnaryCall;
  SendFeedback(argument: _sluice_v1_SendFeedbackRequest, callback: grpc.requestCallback<_sluice_v1_SendFeedbackResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Tells how good an answer was.
   */
  sendFeedback(argument: _sluice_v1_SendFeedbackRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_SendFeedbackResponse__Output>): grpc.ClientUnaryCall;
  sendFeedback(argument: _sluice_v1_SendFeedbackRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_SendFeedbackResponse__Output>): grpc.ClientUnaryCall;
  sendFeedback(argument: _sluice_v1_SendFeedbackRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_SendFeedbackResponse__Output>): grpc.ClientUnaryCall;
  sendFeedback(argument: _sluice_v1_SendFeedbackRequest, callback: grpc.requestCallback<_sluice_v1_SendFeedbackResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Starts a durable job; the same idempotency key returns the first job.
   */
  Submit(argument: _sluice_v1_SubmitRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  Submit(argument: _sluice_v1_SubmitRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  Submit(argument: _sluice_v1_SubmitRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  Submit(argument: _sluice_v1_SubmitRequest, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  /**
   * Starts a durable job; the same idempotency key returns the first job.
   */
  submit(argument: _sluice_v1_SubmitRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  submit(argument: _sluice_v1_SubmitRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  submit(argument: _sluice_v1_SubmitRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  submit(argument: _sluice_v1_SubmitRequest, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  
  /**
   * The job now, and again at each change, until it ends.
   */
  WatchJob(argument: _sluice_v1_WatchJobRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_sluice_v1_Job__Output>;
  WatchJob(argument: _sluice_v1_WatchJobRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_sluice_v1_Job__Output>;
  /**
   * The job now, and again at each change, until it ends.
   */
  watchJob(argument: _sluice_v1_WatchJobRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_sluice_v1_Job__Output>;
  watchJob(argument: _sluice_v1_WatchJobRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_sluice_v1_Job__Output>;
  
}

/**
 * Sends each request to the cheapest model that can be trusted with it, within the caller's time and money.
 */
export interface GatewayHandlers extends grpc.UntypedServiceImplementation {
  CancelJob: grpc.handleUnaryCall<_sluice_v1_CancelJobRequest__Output, _sluice_v1_Job>;
  
  /**
   * The decision, without running or reserving anything.
   */
  Explain: grpc.handleUnaryCall<_sluice_v1_InferRequest__Output, _sluice_v1_ExplainResponse>;
  
  GetBudget: grpc.handleUnaryCall<_sluice_v1_GetBudgetRequest__Output, _sluice_v1_GetBudgetResponse>;
  
  GetJob: grpc.handleUnaryCall<_sluice_v1_GetJobRequest__Output, _sluice_v1_Job>;
  
  /**
   * The answer of the cheapest rung that is trusted.
   */
  Infer: grpc.handleUnaryCall<_sluice_v1_InferRequest__Output, _sluice_v1_InferResponse>;
  
  /**
   * The same, told as it happens.
   */
  InferStream: grpc.handleServerStreamingCall<_sluice_v1_InferRequest__Output, _sluice_v1_InferEvent>;
  
  /**
   * The caller's newest jobs, without their answers: GetJob has those.
   */
  ListJobs: grpc.handleUnaryCall<_sluice_v1_ListJobsRequest__Output, _sluice_v1_ListJobsResponse>;
  
  ListModels: grpc.handleUnaryCall<_sluice_v1_ListModelsRequest__Output, _sluice_v1_ListModelsResponse>;
  
  /**
   * Tells how good an answer was.
   */
  SendFeedback: grpc.handleUnaryCall<_sluice_v1_SendFeedbackRequest__Output, _sluice_v1_SendFeedbackResponse>;
  
  /**
   * Starts a durable job; the same idempotency key returns the first job.
   */
  Submit: grpc.handleUnaryCall<_sluice_v1_SubmitRequest__Output, _sluice_v1_Job>;
  
  /**
   * The job now, and again at each change, until it ends.
   */
  WatchJob: grpc.handleServerStreamingCall<_sluice_v1_WatchJobRequest__Output, _sluice_v1_Job>;
  
}

export interface GatewayDefinition extends grpc.ServiceDefinition {
  CancelJob: MethodDefinition<_sluice_v1_CancelJobRequest, _sluice_v1_Job, _sluice_v1_CancelJobRequest__Output, _sluice_v1_Job__Output>
  Explain: MethodDefinition<_sluice_v1_InferRequest, _sluice_v1_ExplainResponse, _sluice_v1_InferRequest__Output, _sluice_v1_ExplainResponse__Output>
  GetBudget: MethodDefinition<_sluice_v1_GetBudgetRequest, _sluice_v1_GetBudgetResponse, _sluice_v1_GetBudgetRequest__Output, _sluice_v1_GetBudgetResponse__Output>
  GetJob: MethodDefinition<_sluice_v1_GetJobRequest, _sluice_v1_Job, _sluice_v1_GetJobRequest__Output, _sluice_v1_Job__Output>
  Infer: MethodDefinition<_sluice_v1_InferRequest, _sluice_v1_InferResponse, _sluice_v1_InferRequest__Output, _sluice_v1_InferResponse__Output>
  InferStream: MethodDefinition<_sluice_v1_InferRequest, _sluice_v1_InferEvent, _sluice_v1_InferRequest__Output, _sluice_v1_InferEvent__Output>
  ListJobs: MethodDefinition<_sluice_v1_ListJobsRequest, _sluice_v1_ListJobsResponse, _sluice_v1_ListJobsRequest__Output, _sluice_v1_ListJobsResponse__Output>
  ListModels: MethodDefinition<_sluice_v1_ListModelsRequest, _sluice_v1_ListModelsResponse, _sluice_v1_ListModelsRequest__Output, _sluice_v1_ListModelsResponse__Output>
  SendFeedback: MethodDefinition<_sluice_v1_SendFeedbackRequest, _sluice_v1_SendFeedbackResponse, _sluice_v1_SendFeedbackRequest__Output, _sluice_v1_SendFeedbackResponse__Output>
  Submit: MethodDefinition<_sluice_v1_SubmitRequest, _sluice_v1_Job, _sluice_v1_SubmitRequest__Output, _sluice_v1_Job__Output>
  WatchJob: MethodDefinition<_sluice_v1_WatchJobRequest, _sluice_v1_Job, _sluice_v1_WatchJobRequest__Output, _sluice_v1_Job__Output>
}
