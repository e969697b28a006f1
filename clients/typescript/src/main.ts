export type { CallOptions, ClientOptions, RetryOptions, TlsOptions } from './client-options.ts'
export {
  AlreadyExistsError,
  CancelledError,
  DeadlineExceededError,
  InvalidRequestError,
  NoModelError,
  NotFoundError,
  PermissionDeniedError,
  ResourceExhaustedError,
  SluiceError,
  UnauthenticatedError,
  UnavailableError,
  type ErrorDetails,
  type FieldViolation,
  type QuotaViolation,
  type StatusName,
} from './errors.ts'
export type { Constraints } from './generated/sluice/v1/Constraints.ts'
export type { Decision__Output as Decision } from './generated/sluice/v1/Decision.ts'
export type { CountTokensResponse__Output as CountTokensResponse } from './generated/sluice/v1/CountTokensResponse.ts'
export type { TokenCount__Output as TokenCount } from './generated/sluice/v1/TokenCount.ts'
export type { ExplainResponse__Output as ExplainResponse } from './generated/sluice/v1/ExplainResponse.ts'
export type { GetBudgetResponse__Output as GetBudgetResponse } from './generated/sluice/v1/GetBudgetResponse.ts'
export type { InferEvent__Output as InferEvent } from './generated/sluice/v1/InferEvent.ts'
export type { InferRequest } from './generated/sluice/v1/InferRequest.ts'
export type { InferResponse__Output as InferResponse } from './generated/sluice/v1/InferResponse.ts'
export type { Job__Output as Job } from './generated/sluice/v1/Job.ts'
export type { ListJobsRequest } from './generated/sluice/v1/ListJobsRequest.ts'
export type { ListModelsRequest } from './generated/sluice/v1/ListModelsRequest.ts'
export type { Media } from './generated/sluice/v1/Media.ts'
export type { Message } from './generated/sluice/v1/Message.ts'
export type { Model__Output as Model } from './generated/sluice/v1/Model.ts'
export type { Output__Output as Output } from './generated/sluice/v1/Output.ts'
export type { Part } from './generated/sluice/v1/Part.ts'
export type { RungReport__Output as RungReport } from './generated/sluice/v1/RungReport.ts'
export type { SendFeedbackRequest } from './generated/sluice/v1/SendFeedbackRequest.ts'
export type { TaskOptions } from './generated/sluice/v1/TaskOptions.ts'
export type { Tool } from './generated/sluice/v1/Tool.ts'
export type { Usage__Output as Usage } from './generated/sluice/v1/Usage.ts'
export { createSluiceClient, type SluiceClient } from './sluice-client.ts'
