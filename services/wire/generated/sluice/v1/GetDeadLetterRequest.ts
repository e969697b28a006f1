// Original file: proto/sluice/v1/admin.proto


export interface GetDeadLetterRequest {
  'jobId'?: (string);
}

export interface GetDeadLetterRequest__Output {
  'jobId': (string);
}
