// Original file: proto/sluice/v1/admin.proto


export interface DrainRequest {
  'workerId'?: (string);
  'pool'?: (string);
  /**
   * False takes the draining back.
   */
  'draining'?: (boolean);
  'target'?: "workerId"|"pool";
}

export interface DrainRequest__Output {
  'workerId'?: (string);
  'pool'?: (string);
  /**
   * False takes the draining back.
   */
  'draining': (boolean);
  'target'?: "workerId"|"pool";
}
