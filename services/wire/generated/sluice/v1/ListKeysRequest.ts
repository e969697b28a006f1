// Original file: proto/sluice/v1/admin.proto


export interface ListKeysRequest {
  /**
   * Empty means every tenant.
   */
  'tenant'?: (string);
}

export interface ListKeysRequest__Output {
  /**
   * Empty means every tenant.
   */
  'tenant': (string);
}
