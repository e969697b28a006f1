// Original file: proto/sluice/v1/admin.proto


export interface ListPoliciesRequest {
  /**
   * Empty means every ladder.
   */
  'ladder'?: (string);
}

export interface ListPoliciesRequest__Output {
  /**
   * Empty means every ladder.
   */
  'ladder': (string);
}
