// Original file: proto/sluice/v1/content.proto


/**
 * One label with its probability in [0,1].
 */
export interface LabelScore {
  'label'?: (string);
  'score'?: (number | string);
}

/**
 * One label with its probability in [0,1].
 */
export interface LabelScore__Output {
  'label': (string);
  'score': (number);
}
