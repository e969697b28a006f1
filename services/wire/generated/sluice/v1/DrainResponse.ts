// Original file: proto/sluice/v1/admin.proto


export interface DrainResponse {
  'workerIds'?: (string)[];
}

export interface DrainResponse__Output {
  'workerIds': (string)[];
}
