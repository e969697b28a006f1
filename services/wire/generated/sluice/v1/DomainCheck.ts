// Original file: proto/sluice/v1/gateway.proto


/**
 * How a request stands to the rows that its policy was fitted on.
 */
export interface DomainCheck {
  /**
   * 0 is the middle of those rows; one in fifty like them is over the limit.
   */
  'unlikeness'?: (number | string);
  'limit'?: (number | string);
  'outOfDomain'?: (boolean);
  /**
   * Empty, unlikeness, or labels: those asked for are not those that the policy was fitted on.
   */
  'reason'?: (string);
  /**
   * Confidence that is left where a model's own counts for nothing.
   */
  'floor'?: (number | string);
  /**
   * Share of the confidence that still counts, in [0,1].
   */
  'kept'?: (number | string);
}

/**
 * How a request stands to the rows that its policy was fitted on.
 */
export interface DomainCheck__Output {
  /**
   * 0 is the middle of those rows; one in fifty like them is over the limit.
   */
  'unlikeness': (number);
  'limit': (number);
  'outOfDomain': (boolean);
  /**
   * Empty, unlikeness, or labels: those asked for are not those that the policy was fitted on.
   */
  'reason': (string);
  /**
   * Confidence that is left where a model's own counts for nothing.
   */
  'floor': (number);
  /**
   * Share of the confidence that still counts, in [0,1].
   */
  'kept': (number);
}
