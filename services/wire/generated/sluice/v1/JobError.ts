// Original file: proto/sluice/v1/gateway.proto


export interface JobError {
  'code'?: (number);
  'message'?: (string);
}

export interface JobError__Output {
  'code': (number);
  'message': (string);
}
