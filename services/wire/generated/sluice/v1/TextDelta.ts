// Original file: proto/sluice/v1/gateway.proto


export interface TextDelta {
  'model'?: (string);
  'text'?: (string);
  /**
   * The rung was not yet judged final when this was sent.
   */
  'optimistic'?: (boolean);
}

export interface TextDelta__Output {
  'model': (string);
  'text': (string);
  /**
   * The rung was not yet judged final when this was sent.
   */
  'optimistic': (boolean);
}
