// Original file: proto/sluice/v1/gateway.proto


export interface ModelState {
  'workers'?: (number);
  'draining'?: (number);
  /**
   * Requests that the workers can run at once.
   */
  'capacity'?: (number);
  'waiting'?: (number);
}

export interface ModelState__Output {
  'workers': (number);
  'draining': (number);
  /**
   * Requests that the workers can run at once.
   */
  'capacity': (number);
  'waiting': (number);
}
