// Original file: proto/sluice/v1/content.proto


/**
 * A function that the model may ask its caller to call.
 */
export interface Tool {
  /**
   * 1 to 64 letters, digits, _ and -.
   */
  'name'?: (string);
  'description'?: (string);
  /**
   * JSON schema of its arguments.
   */
  'parametersJson'?: (string);
}

/**
 * A function that the model may ask its caller to call.
 */
export interface Tool__Output {
  /**
   * 1 to 64 letters, digits, _ and -.
   */
  'name': (string);
  'description': (string);
  /**
   * JSON schema of its arguments.
   */
  'parametersJson': (string);
}
