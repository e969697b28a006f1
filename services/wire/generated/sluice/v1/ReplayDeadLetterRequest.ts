// Original file: proto/sluice/v1/admin.proto


export interface ReplayDeadLetterRequest {
  'jobId'?: (string);
}

export interface ReplayDeadLetterRequest__Output {
  'jobId': (string);
}
