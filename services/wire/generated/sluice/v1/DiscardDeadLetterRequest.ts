// Original file: proto/sluice/v1/admin.proto


export interface DiscardDeadLetterRequest {
  'jobId'?: (string);
}

export interface DiscardDeadLetterRequest__Output {
  'jobId': (string);
}
