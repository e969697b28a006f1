// Original file: proto/sluice/v1/admin.proto


export interface ListDeadLettersRequest {
  /**
   * Empty means every pool.
   */
  'pool'?: (string);
  /**
   * At most 500; 0 means 50.
   */
  'limit'?: (number);
  /**
   * From the response before.
   */
  'pageToken'?: (string);
}

export interface ListDeadLettersRequest__Output {
  /**
   * Empty means every pool.
   */
  'pool': (string);
  /**
   * At most 500; 0 means 50.
   */
  'limit': (number);
  /**
   * From the response before.
   */
  'pageToken': (string);
}
