// Original file: proto/sluice/v1/gateway.proto


export interface SendFeedbackRequest {
  'requestId'?: (string);
  /**
   * How good the answer was, in [0,1].
   */
  'score'?: (number | string);
  /**
   * What it should have been.
   */
  'correctedAnswer'?: (string);
  'outcome'?: "score"|"correctedAnswer";
}

export interface SendFeedbackRequest__Output {
  'requestId': (string);
  /**
   * How good the answer was, in [0,1].
   */
  'score'?: (number);
  /**
   * What it should have been.
   */
  'correctedAnswer'?: (string);
  'outcome'?: "score"|"correctedAnswer";
}
