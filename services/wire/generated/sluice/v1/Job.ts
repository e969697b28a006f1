// Original file: proto/sluice/v1/gateway.proto

import type { JobState as _sluice_v1_JobState, JobState__Output as _sluice_v1_JobState__Output } from '../../sluice/v1/JobState.ts';
import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.ts';
import type { RungReport as _sluice_v1_RungReport, RungReport__Output as _sluice_v1_RungReport__Output } from '../../sluice/v1/RungReport.ts';
import type { InferResponse as _sluice_v1_InferResponse, InferResponse__Output as _sluice_v1_InferResponse__Output } from '../../sluice/v1/InferResponse.ts';
import type { JobError as _sluice_v1_JobError, JobError__Output as _sluice_v1_JobError__Output } from '../../sluice/v1/JobError.ts';

export interface Job {
  'jobId'?: (string);
  'state'?: (_sluice_v1_JobState);
  'submittedAt'?: (_google_protobuf_Timestamp | null);
  'deadlineAt'?: (_google_protobuf_Timestamp | null);
  'endedAt'?: (_google_protobuf_Timestamp | null);
  /**
   * Rungs finished so far.
   */
  'rungs'?: (_sluice_v1_RungReport)[];
  /**
   * When it succeeded.
   */
  'response'?: (_sluice_v1_InferResponse | null);
  /**
   * When it failed: the gRPC status that Infer would have had.
   */
  'error'?: (_sluice_v1_JobError | null);
}

export interface Job__Output {
  'jobId': (string);
  'state': (_sluice_v1_JobState__Output);
  'submittedAt': (_google_protobuf_Timestamp__Output | null);
  'deadlineAt': (_google_protobuf_Timestamp__Output | null);
  'endedAt': (_google_protobuf_Timestamp__Output | null);
  /**
   * Rungs finished so far.
   */
  'rungs': (_sluice_v1_RungReport__Output)[];
  /**
   * When it succeeded.
   */
  'response': (_sluice_v1_InferResponse__Output | null);
  /**
   * When it failed: the gRPC status that Infer would have had.
   */
  'error': (_sluice_v1_JobError__Output | null);
}
