import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from './google/protobuf/Duration.ts';
import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from './google/protobuf/Timestamp.ts';
import type { Budget as _sluice_v1_Budget, Budget__Output as _sluice_v1_Budget__Output } from './sluice/v1/Budget.ts';
import type { CancelJobRequest as _sluice_v1_CancelJobRequest, CancelJobRequest__Output as _sluice_v1_CancelJobRequest__Output } from './sluice/v1/CancelJobRequest.ts';
import type { Candidate as _sluice_v1_Candidate, Candidate__Output as _sluice_v1_Candidate__Output } from './sluice/v1/Candidate.ts';
import type { Constraints as _sluice_v1_Constraints, Constraints__Output as _sluice_v1_Constraints__Output } from './sluice/v1/Constraints.ts';
import type { Decision as _sluice_v1_Decision, Decision__Output as _sluice_v1_Decision__Output } from './sluice/v1/Decision.ts';
import type { DomainCheck as _sluice_v1_DomainCheck, DomainCheck__Output as _sluice_v1_DomainCheck__Output } from './sluice/v1/DomainCheck.ts';
import type { Embedding as _sluice_v1_Embedding, Embedding__Output as _sluice_v1_Embedding__Output } from './sluice/v1/Embedding.ts';
import type { ExplainResponse as _sluice_v1_ExplainResponse, ExplainResponse__Output as _sluice_v1_ExplainResponse__Output } from './sluice/v1/ExplainResponse.ts';
import type { GatewayClient as _sluice_v1_GatewayClient, GatewayDefinition as _sluice_v1_GatewayDefinition } from './sluice/v1/Gateway.ts';
import type { GetBudgetRequest as _sluice_v1_GetBudgetRequest, GetBudgetRequest__Output as _sluice_v1_GetBudgetRequest__Output } from './sluice/v1/GetBudgetRequest.ts';
import type { GetBudgetResponse as _sluice_v1_GetBudgetResponse, GetBudgetResponse__Output as _sluice_v1_GetBudgetResponse__Output } from './sluice/v1/GetBudgetResponse.ts';
import type { GetJobRequest as _sluice_v1_GetJobRequest, GetJobRequest__Output as _sluice_v1_GetJobRequest__Output } from './sluice/v1/GetJobRequest.ts';
import type { InferEvent as _sluice_v1_InferEvent, InferEvent__Output as _sluice_v1_InferEvent__Output } from './sluice/v1/InferEvent.ts';
import type { InferRequest as _sluice_v1_InferRequest, InferRequest__Output as _sluice_v1_InferRequest__Output } from './sluice/v1/InferRequest.ts';
import type { InferResponse as _sluice_v1_InferResponse, InferResponse__Output as _sluice_v1_InferResponse__Output } from './sluice/v1/InferResponse.ts';
import type { Job as _sluice_v1_Job, Job__Output as _sluice_v1_Job__Output } from './sluice/v1/Job.ts';
import type { JobError as _sluice_v1_JobError, JobError__Output as _sluice_v1_JobError__Output } from './sluice/v1/JobError.ts';
import type { LabelScore as _sluice_v1_LabelScore, LabelScore__Output as _sluice_v1_LabelScore__Output } from './sluice/v1/LabelScore.ts';
import type { Labels as _sluice_v1_Labels, Labels__Output as _sluice_v1_Labels__Output } from './sluice/v1/Labels.ts';
import type { ListJobsRequest as _sluice_v1_ListJobsRequest, ListJobsRequest__Output as _sluice_v1_ListJobsRequest__Output } from './sluice/v1/ListJobsRequest.ts';
import type { ListJobsResponse as _sluice_v1_ListJobsResponse, ListJobsResponse__Output as _sluice_v1_ListJobsResponse__Output } from './sluice/v1/ListJobsResponse.ts';
import type { ListModelsRequest as _sluice_v1_ListModelsRequest, ListModelsRequest__Output as _sluice_v1_ListModelsRequest__Output } from './sluice/v1/ListModelsRequest.ts';
import type { ListModelsResponse as _sluice_v1_ListModelsResponse, ListModelsResponse__Output as _sluice_v1_ListModelsResponse__Output } from './sluice/v1/ListModelsResponse.ts';
import type { Media as _sluice_v1_Media, Media__Output as _sluice_v1_Media__Output } from './sluice/v1/Media.ts';
import type { Model as _sluice_v1_Model, Model__Output as _sluice_v1_Model__Output } from './sluice/v1/Model.ts';
import type { ModelCard as _sluice_v1_ModelCard, ModelCard__Output as _sluice_v1_ModelCard__Output } from './sluice/v1/ModelCard.ts';
import type { ModelState as _sluice_v1_ModelState, ModelState__Output as _sluice_v1_ModelState__Output } from './sluice/v1/ModelState.ts';
import type { Output as _sluice_v1_Output, Output__Output as _sluice_v1_Output__Output } from './sluice/v1/Output.ts';
import type { Part as _sluice_v1_Part, Part__Output as _sluice_v1_Part__Output } from './sluice/v1/Part.ts';
import type { RateLimit as _sluice_v1_RateLimit, RateLimit__Output as _sluice_v1_RateLimit__Output } from './sluice/v1/RateLimit.ts';
import type { RungReport as _sluice_v1_RungReport, RungReport__Output as _sluice_v1_RungReport__Output } from './sluice/v1/RungReport.ts';
import type { RungStarted as _sluice_v1_RungStarted, RungStarted__Output as _sluice_v1_RungStarted__Output } from './sluice/v1/RungStarted.ts';
import type { SendFeedbackRequest as _sluice_v1_SendFeedbackRequest, SendFeedbackRequest__Output as _sluice_v1_SendFeedbackRequest__Output } from './sluice/v1/SendFeedbackRequest.ts';
import type { SendFeedbackResponse as _sluice_v1_SendFeedbackResponse, SendFeedbackResponse__Output as _sluice_v1_SendFeedbackResponse__Output } from './sluice/v1/SendFeedbackResponse.ts';
import type { SubmitRequest as _sluice_v1_SubmitRequest, SubmitRequest__Output as _sluice_v1_SubmitRequest__Output } from './sluice/v1/SubmitRequest.ts';
import type { TaskOptions as _sluice_v1_TaskOptions, TaskOptions__Output as _sluice_v1_TaskOptions__Output } from './sluice/v1/TaskOptions.ts';
import type { TextDelta as _sluice_v1_TextDelta, TextDelta__Output as _sluice_v1_TextDelta__Output } from './sluice/v1/TextDelta.ts';
import type { Tool as _sluice_v1_Tool, Tool__Output as _sluice_v1_Tool__Output } from './sluice/v1/Tool.ts';
import type { ToolCall as _sluice_v1_ToolCall, ToolCall__Output as _sluice_v1_ToolCall__Output } from './sluice/v1/ToolCall.ts';
import type { ToolResult as _sluice_v1_ToolResult, ToolResult__Output as _sluice_v1_ToolResult__Output } from './sluice/v1/ToolResult.ts';
import type { Usage as _sluice_v1_Usage, Usage__Output as _sluice_v1_Usage__Output } from './sluice/v1/Usage.ts';
import type { WatchJobRequest as _sluice_v1_WatchJobRequest, WatchJobRequest__Output as _sluice_v1_WatchJobRequest__Output } from './sluice/v1/WatchJobRequest.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  google: {
    protobuf: {
      Duration: MessageTypeDefinition<_google_protobuf_Duration, _google_protobuf_Duration__Output>
      Timestamp: MessageTypeDefinition<_google_protobuf_Timestamp, _google_protobuf_Timestamp__Output>
    }
  }
  sluice: {
    v1: {
      Budget: MessageTypeDefinition<_sluice_v1_Budget, _sluice_v1_Budget__Output>
      CancelJobRequest: MessageTypeDefinition<_sluice_v1_CancelJobRequest, _sluice_v1_CancelJobRequest__Output>
      Candidate: MessageTypeDefinition<_sluice_v1_Candidate, _sluice_v1_Candidate__Output>
      Constraints: MessageTypeDefinition<_sluice_v1_Constraints, _sluice_v1_Constraints__Output>
      Decision: MessageTypeDefinition<_sluice_v1_Decision, _sluice_v1_Decision__Output>
      DegradedReason: EnumTypeDefinition
      DomainCheck: MessageTypeDefinition<_sluice_v1_DomainCheck, _sluice_v1_DomainCheck__Output>
      Embedding: MessageTypeDefinition<_sluice_v1_Embedding, _sluice_v1_Embedding__Output>
      ExplainResponse: MessageTypeDefinition<_sluice_v1_ExplainResponse, _sluice_v1_ExplainResponse__Output>
      /**
       * Sends each request to the cheapest model that can be trusted with it, within the caller's time and money.
       */
      Gateway: SubtypeConstructor<typeof grpc.Client, _sluice_v1_GatewayClient> & { service: _sluice_v1_GatewayDefinition }
      GetBudgetRequest: MessageTypeDefinition<_sluice_v1_GetBudgetRequest, _sluice_v1_GetBudgetRequest__Output>
      GetBudgetResponse: MessageTypeDefinition<_sluice_v1_GetBudgetResponse, _sluice_v1_GetBudgetResponse__Output>
      GetJobRequest: MessageTypeDefinition<_sluice_v1_GetJobRequest, _sluice_v1_GetJobRequest__Output>
      InferEvent: MessageTypeDefinition<_sluice_v1_InferEvent, _sluice_v1_InferEvent__Output>
      InferRequest: MessageTypeDefinition<_sluice_v1_InferRequest, _sluice_v1_InferRequest__Output>
      InferResponse: MessageTypeDefinition<_sluice_v1_InferResponse, _sluice_v1_InferResponse__Output>
      Job: MessageTypeDefinition<_sluice_v1_Job, _sluice_v1_Job__Output>
      JobError: MessageTypeDefinition<_sluice_v1_JobError, _sluice_v1_JobError__Output>
      JobState: EnumTypeDefinition
      LabelScore: MessageTypeDefinition<_sluice_v1_LabelScore, _sluice_v1_LabelScore__Output>
      Labels: MessageTypeDefinition<_sluice_v1_Labels, _sluice_v1_Labels__Output>
      ListJobsRequest: MessageTypeDefinition<_sluice_v1_ListJobsRequest, _sluice_v1_ListJobsRequest__Output>
      ListJobsResponse: MessageTypeDefinition<_sluice_v1_ListJobsResponse, _sluice_v1_ListJobsResponse__Output>
      ListModelsRequest: MessageTypeDefinition<_sluice_v1_ListModelsRequest, _sluice_v1_ListModelsRequest__Output>
      ListModelsResponse: MessageTypeDefinition<_sluice_v1_ListModelsResponse, _sluice_v1_ListModelsResponse__Output>
      Media: MessageTypeDefinition<_sluice_v1_Media, _sluice_v1_Media__Output>
      Model: MessageTypeDefinition<_sluice_v1_Model, _sluice_v1_Model__Output>
      ModelCard: MessageTypeDefinition<_sluice_v1_ModelCard, _sluice_v1_ModelCard__Output>
      ModelState: MessageTypeDefinition<_sluice_v1_ModelState, _sluice_v1_ModelState__Output>
      Output: MessageTypeDefinition<_sluice_v1_Output, _sluice_v1_Output__Output>
      Part: MessageTypeDefinition<_sluice_v1_Part, _sluice_v1_Part__Output>
      Priority: EnumTypeDefinition
      RateLimit: MessageTypeDefinition<_sluice_v1_RateLimit, _sluice_v1_RateLimit__Output>
      RungReport: MessageTypeDefinition<_sluice_v1_RungReport, _sluice_v1_RungReport__Output>
      RungStarted: MessageTypeDefinition<_sluice_v1_RungStarted, _sluice_v1_RungStarted__Output>
      SendFeedbackRequest: MessageTypeDefinition<_sluice_v1_SendFeedbackRequest, _sluice_v1_SendFeedbackRequest__Output>
      SendFeedbackResponse: MessageTypeDefinition<_sluice_v1_SendFeedbackResponse, _sluice_v1_SendFeedbackResponse__Output>
      SubmitRequest: MessageTypeDefinition<_sluice_v1_SubmitRequest, _sluice_v1_SubmitRequest__Output>
      Task: EnumTypeDefinition
      TaskOptions: MessageTypeDefinition<_sluice_v1_TaskOptions, _sluice_v1_TaskOptions__Output>
      TextDelta: MessageTypeDefinition<_sluice_v1_TextDelta, _sluice_v1_TextDelta__Output>
      Tool: MessageTypeDefinition<_sluice_v1_Tool, _sluice_v1_Tool__Output>
      ToolCall: MessageTypeDefinition<_sluice_v1_ToolCall, _sluice_v1_ToolCall__Output>
      ToolResult: MessageTypeDefinition<_sluice_v1_ToolResult, _sluice_v1_ToolResult__Output>
      Usage: MessageTypeDefinition<_sluice_v1_Usage, _sluice_v1_Usage__Output>
      Verdict: EnumTypeDefinition
      WatchJobRequest: MessageTypeDefinition<_sluice_v1_WatchJobRequest, _sluice_v1_WatchJobRequest__Output>
    }
  }
}

