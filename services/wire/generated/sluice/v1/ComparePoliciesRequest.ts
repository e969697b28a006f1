// Original file: proto/sluice/v1/admin.proto


export interface ComparePoliciesRequest {
  'ladder'?: (string);
}

export interface ComparePoliciesRequest__Output {
  'ladder': (string);
}
